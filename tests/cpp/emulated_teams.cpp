// What kernels are built from (cuda/device.hpp, reduce.hpp, packed.hpp), on the emulator, with
// threads and blocks in three orders: the results have the same bits in all of them.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "cuda/launch.hpp"
#include "cuda/packed.hpp"
#include "cuda/reduce.hpp"

namespace {

using namespace fl;

constexpr emulator::Order kOrders[] = {
    {emulator::Order::kForward}, {emulator::Order::kReverse}, {emulator::Order::kRandom, 7}};

int failures = 0;

void expect(bool holds, const char* what, int a, int b) {
  if (!holds && failures++ < 20) std::printf("%s, %d, %d: FAILED\n", what, a, b);
}

// Numbers whose sum depends on the order of its terms.
float number(int64_t i) { return std::ldexp(1 + float(i % 7) / 7, int(i * 5 % 23) - 11); }

// The tree of fold_group: neighbours first, then pairs of them.
float tree(std::vector<float> x) {
  for (; x.size() > 1; x.resize(x.size() / 2))
    for (size_t i = 0; i < x.size() / 2; ++i) x[i] = x[2 * i] + x[2 * i + 1];
  return x[0];
}

FL_KERNEL(1024, 1) sum_groups(const float* x, float* to, int lanes) {
  // Groups of a warp take as many turns as they like.
  const int group = thread_index() / lanes;
  float sum = 0;
  for (int turn = 0; turn <= group % 3; ++turn)
    sum += fold_group(x[thread_index()], lanes, Sum{}, lanes);
  group_sync(lanes);
  to[thread_index()] = sum;
}

void check_groups() {
  constexpr int kThreads = 128;
  std::vector<float> x(kThreads), to(kThreads);
  for (int i = 0; i < kThreads; ++i) x[size_t(i)] = number(i);
  for (int lanes = 1; lanes <= kWarp; lanes *= 2) {
    launch(sum_groups, {1, kThreads}, nullptr, x.data(), to.data(), lanes);
    for (int i = 0; i < kThreads; ++i) {
      const auto first = x.begin() + i / lanes * lanes;
      const float of_group = tree({first, first + lanes});
      float expected = 0;
      for (int turn = 0; turn <= i / lanes % 3; ++turn) expected += of_group;
      expect(to[size_t(i)] == expected, "a group of lanes, a lane", lanes, i);
    }
  }
}

struct Folded {
  float sum, largest;
  double sum_of_squares;
};

// Several folds one after another: of one number and of two, of numbers of both sizes.
FL_KERNEL(1024, 1) fold_teams(const float* x, Folded* to) {
  TeamFold fold(shared_memory(), 2);
  const int64_t at = int64_t(block_index()) * block_size() + thread_index();
  Folded all{};
  for (int turn = 0; turn < 3; ++turn) {
    float pair[2] = {x[at] * float(turn + 1), x[at]};
    fold(pair, Sum{});
    all.sum += pair[0] - pair[1];
    all.largest += fold(Float::of(x[at]), [](Float a, Float b) { return max(a, b); }).raw;
    all.sum_of_squares += fold(double(x[at]) * double(x[at]), Sum{});
  }
  to[at] = all;
}

void check_teams(int threads, int cluster) {
  const int team = threads * cluster;
  const int64_t count = 3 * team;
  const Geometry geometry{3 * cluster, threads, TeamFold::bytes(threads, cluster, 2), cluster};
  std::vector<float> x(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) x[size_t(i)] = number(i);
  std::vector<Folded> to(x.size()), first;
  for (const auto& order : kOrders) {
    emulator::set_order(order);
    launch(fold_teams, geometry, nullptr, x.data(), to.data());
    if (first.empty()) first = to;
    expect(std::memcmp(first.data(), to.data(), to.size() * sizeof to[0]) == 0, "orders differ",
           threads, cluster);
  }
  emulator::set_order({});
  for (int64_t i = 0; i < count; ++i) {
    const auto begin = x.begin() + i / team * team, end = begin + team;
    double sum = 0, squares = 0, largest = 0;
    for (auto p = begin; p != end; ++p)
      sum += *p, squares += double(*p) * *p, largest = std::fmax(largest, *p);
    const Folded& got = to[size_t(i)];
    expect(std::fabs(got.sum - 3 * sum) <= 1e-5 * sum, "a sum", threads, cluster);
    expect(std::fabs(got.sum_of_squares - 3 * squares) <= 1e-12 * squares, "a sum of squares",
           threads, cluster);
    expect(got.largest == float(3 * largest), "a maximum", threads, cluster);
  }
}

// Every word of 16 bits out of a pack and back.
template <class S, class T, int K>
FL_KERNEL(1024, 1)
repack(const Pack* from, Pack* to) {
  const int64_t at = int64_t(block_index()) * block_size() + thread_index();
  const Pack pack = load_streamed(from + at);
  Pack again;
  FL_UNROLL(8)
  for (int first = 0; first < kPacked<S>; first += K) {
    T numbers[K];
    unpack<S>(pack, first, numbers);
    put_in_pack<S>(numbers, first, again);
  }
  store_streamed(to + at, again);
}

template <class S, class T, int K>
void check_packs(const char* format) {
  constexpr int kPacks = (1 << 16) * 2 / kPack;
  std::vector<Pack> from(kPacks), to(kPacks);
  for (uint32_t i = 0; i < kPacks * 4; ++i) {
    const uint32_t first = 2 * i, second = 2 * i + 1;
    from[i / 4].words[i % 4] = sizeof(S) == 2 ? second << 16 | first : i * 0x9E3779B9;
  }
  launch(repack<S, T, K>, {kPacks / 256, 256}, nullptr, from.data(), to.data());
  for (int i = 0; i < kPacks; ++i)
    for (int k = 0; k < kPacked<S>; ++k) {
      const S a = number_of<S>(from[size_t(i)], k), b = number_of<S>(to[size_t(i)], k);
      const bool same = std::memcmp(&a, &b, sizeof a) == 0;
      const bool nan = std::isnan(widen<double>(a)) && std::isnan(widen<double>(b));
      expect(same || nan, format, i, k);
    }
}

// Of each two the larger one, and not NaN unless both are.
template <class S>
void check_larger(const char* format) {
  constexpr float kNumbers[] = {0, 1, -2, 65504, -INFINITY, INFINITY, NAN};
  for (const float a : kNumbers)
    for (const float b : kNumbers) {
      const uint32_t both = larger_pair<S>(narrow_pair<S>(a, b), narrow_pair<S>(b, b));
      const Pack pack{{both}};
      const float first = widen<float>(number_of<S>(pack, 0));
      const float expected = widen<float>(narrow<S>(std::fmax(a, b)));
      expect(first == expected || (std::isnan(first) && std::isnan(expected)), format, int(a > b),
             int(a < b));
    }
}

}  // namespace

int main() {
  for (const auto& order : kOrders) {
    emulator::set_order(order);
    check_groups();
  }
  for (const int cluster : {1, 2, 8, 16})
    for (const int threads : {32, 64, 256, 1024})
      if (threads * cluster <= 4096) check_teams(threads, cluster);
  check_packs<float, float, 4>("packs of float");
  check_packs<float, double, 2>("packs of float, computed in double");
  check_packs<double, double, 2>("packs of double");
  check_packs<Half, float, 4>("packs of float16");
  check_packs<BFloat16, float, 8>("packs of bfloat16");
  check_packs<BFloat16, double, 2>("packs of bfloat16, computed in double");
  check_larger<Half>("the larger of float16");
  check_larger<BFloat16>("the larger of bfloat16");
  std::printf("%d failed\n", failures);
  return failures ? 1 : 0;
}

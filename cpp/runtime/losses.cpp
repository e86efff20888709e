// The losses of the registry, as the C interface describes them.
#include <cstring>

#include "losses/registry.hpp"
#include "runtime/calls.hpp"

namespace fl {
namespace {

struct Any {};  // stands for V where only the signature of a loss is asked for

template <class Loss>
constexpr fl_loss_info describe(fl_kind kind) {
  constexpr const LossInfo& info = Loss::info;
  fl_loss_info out{};
  out.name = info.name;
  out.summary = info.summary;
  out.kind = kind;
  out.num_params = info.num_params;
  out.targets = int32_t(targets_of<Loss>());
  out.has_statistics = has_statistics<Loss>();
  out.num_more = predictions_of<Loss>() - 1;
  if constexpr (predictions_of<Loss>() > 1)
    for (int i = 0; i < out.num_more; ++i) out.more[i] = Loss::kMore[i];
  for (int i = 0; i < info.num_params; ++i) {
    const Param& p = info.params[i];
    out.params[i] = {p.name, p.value, p.low, p.high, p.low_excluded};
  }
  // Sums over entries know no classes; a further prediction stands where a weight would.
  if (kind == FL_ROW)
    out.takes_class_weight =
        !requires(const Loss& loss, Entry<Any> e) { loss.finish(&e.y_true, e); };
  else
    out.takes_class_weight =
        !out.num_more && requires(const Loss& loss, Any any) { loss(any, any, any); };
  return out;
}

template <class... Pointwise, class... Row>
constexpr auto describe_all(List<Pointwise...>, List<Row...>) {
  struct All {
    fl_loss_info info[sizeof...(Pointwise) + sizeof...(Row)];
  };
  return All{{describe<Pointwise>(FL_POINTWISE)..., describe<Row>(FL_ROW)...}};
}

// Ids: the pointwise losses, then the row losses, in the order of the registry.
constexpr auto kLosses = describe_all(losses::Pointwise{}, losses::Row{});
constexpr int kLossCount = losses::Pointwise::size + losses::Row::size;

template <class... Row>
constexpr auto find_pairs(List<Row...>) {
  struct All {
    bool of[sizeof...(Row)];
  };
  return All{{is_over_pairs<Row>()...}};
}

// Of each row loss.
constexpr auto kOverPairs = find_pairs(losses::Row{});

}  // namespace

int index_in_kind(int32_t loss_id) {
  return loss_id < losses::Pointwise::size ? loss_id : loss_id - losses::Pointwise::size;
}

bool runs_over_pairs(int32_t loss_id) {
  const int place = loss_id - losses::Pointwise::size;
  return place >= 0 && kOverPairs.of[place];
}

}  // namespace fl

extern "C" {

int32_t fl_loss_count(void) { return fl::kLossCount; }

const fl_loss_info* fl_get_loss_info(int32_t loss_id) {
  return loss_id >= 0 && loss_id < fl::kLossCount ? &fl::kLosses.info[loss_id] : nullptr;
}

int32_t fl_find_loss(const char* name) {
  for (int32_t id = 0; id < fl::kLossCount; ++id)
    if (!std::strcmp(name, fl::kLosses.info[id].name)) return id;
  return -1;
}

}  // extern "C"

// What a kernel knows of a row before it reads its entries.
#pragma once

#include "cuda/calls.hpp"
#include "cuda/operand.hpp"

namespace fl {

inline namespace FL_ISA {
namespace {

template <class T>
struct RowHead {
  T weight;       // 0 for rows that do not count
  int label;      // of a class, or a number; -1: targets are dense, or there are none
  bool counts;    // otherwise the row is not computed, and its outputs are
  T instead;      // 0, or NaN for a label that is no class
};

// One element of what there is one of in a row.
template <class T>
FL_DEVICE T read_of_row(const Space& rows, const Operand& x, int64_t row) {
  int64_t inner;
  const int64_t offset = x.contiguous ? row : offset_at(rows, x, row, inner);
  T to;
  with_dtype(x.dtype, [&]<class S>(S*) __attribute__((always_inline)) {
    to = widen<T>(read<S>(x.data, offset));
  });
  return to;
}

template <class T>
FL_DEVICE RowHead<T> read_head(const RowCall& call, int64_t row) {
  RowHead<T> head{T(1), -1, true, T(0)};
  if (call.sample_weight) head.weight = read_of_row<T>(call.rows, call.sample_weight, row);
  if (call.mask && read_of_row<uint8_t>(call.rows, call.mask, row) == 0) head.weight = 0;
  head.counts = head.weight != 0;
  if (call.dense) return head;
  const int64_t label = read_of_row<int64_t>(call.rows, call.y_true, row);
  if (!call.labels_are_classes) {  // kept to what every type that computes can hold
    constexpr int64_t kLargest = int64_t(1) << 24;
    head.label = int(label > kLargest ? kLargest : label < -kLargest ? -kLargest : label);
    return head;
  }
  head.label = int(label);
  if (call.has_ignore_label && label == call.ignore_label) head.counts = false;
  if (head.counts && uint64_t(label) >= uint64_t(call.classes)) {
    head.counts = false;
    head.instead = T(__builtin_nan(""));
  }
  return head;
}

}  // namespace
}  // namespace FL_ISA
}  // namespace fl

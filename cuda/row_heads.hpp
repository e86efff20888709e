// What a kernel knows of a row before it reads its entries.
#pragma once

#include "cuda/row_work.hpp"

namespace fl {
inline namespace FL_ISA {
namespace {

template <class T>
struct RowHead {
  T weight;     // 0 for rows that do not count
  int label;    // of a class, or a number; -1: targets are dense, or there are none
  bool counts;  // otherwise the row is not computed, and its outputs are
  T instead;    // 0, or NaN for a label that is no class
};

// What there is one of in a row.
template <class T>
FL_DEVICE T read_of_row(const DividedSpace& rows, const Operand& x, int64_t row) {
  return read_at<T>(x, run_at(rows, x, row).offset);
}

template <class T>
FL_DEVICE RowHead<T> read_head(const RowWork& work, int64_t row) {
  const RowCall& call = work.call;
  RowHead<T> head{T(1), -1, true, T(0)};
  if (call.sample_weight) head.weight = read_of_row<T>(work.rows, call.sample_weight, row);
  if (call.mask && read_of_row<uint8_t>(work.rows, call.mask, row) == 0) head.weight = 0;
  head.counts = head.weight != 0;
  if (call.dense) return head;
  const int64_t label = read_of_row<int64_t>(work.rows, call.y_true, row);
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

// What crosses the border between the runtime and the code of an instruction set: plain structs,
// function pointers, and the sizes both sides agree on. Nothing here depends on the set.
#pragma once

#include <stdint.h>

#include "fusedloss/fusedloss.h"
#include "losses/loss.hpp"

namespace fl {

// Elements of a pointwise loss handled at a time; also what a block of rows is cut to. Chosen so
// that the converted copies of every operand stay in the L1 and L2 caches. Results depend on it (it
// is the length of a single-precision sum), so it is the same everywhere.
constexpr int kChunk = 4096;

// Rows of at most this many classes are computed with lanes across rows; longer ones along them,
// unless the rows, not the classes, are neighbours in memory.
constexpr int64_t kFewClasses = 64;

// A gradient of at least this many bytes is written past the caches, where it would not stay
// anyway: 40 % less time for a copy of 64 MB.
constexpr int64_t kStreamBytes = int64_t(16) << 20;

// Rows computed together when lanes run across the rows: as many as are turned at a time, or, where
// they are neighbours in memory already, up to the greater number.
constexpr int kRowGroup = 32, kMaxRowGroup = 512;

// Of rows that are neighbours: as many as leave their classes in the L2 cache. Shorter runs would
// miss it once for each class: images of 150 classes took 3 times as long with a sixteenth.
constexpr int64_t neighbours_together(int64_t classes) {
  const int64_t rows = 16 * kChunk / classes / kRowGroup * kRowGroup;
  return rows < kRowGroup ? kRowGroup : rows > kMaxRowGroup ? kMaxRowGroup : rows;
}

// Between the classes of a group of rows. Not a power of two where groups are long: all classes of
// a row would then compete for a few lines of the L1 cache.
constexpr int64_t row_pitch(int64_t group) { return group > kRowGroup ? group + 16 : group; }

// Classes of a row in whole registers of every instruction set.
constexpr int64_t padded_classes(int64_t classes) {
  return (classes + kRowGroup - 1) / kRowGroup * kRowGroup;
}

// Rows computed together when lanes run along them: as many as the L1 cache holds, at most `limit`.
constexpr int rows_together(int64_t padded, int limit) {
  const int64_t fitting = kChunk / padded;
  return fitting < 1 ? 1 : fitting < limit ? int(fitting) : limit;
}

static_assert(kMaxPredictions == 1 + FL_MAX_MORE);

// Bytes of a number of a dtype (FL_FLOAT32 ...).
constexpr int64_t item_size(int32_t dtype) {
  constexpr int64_t kSizes[] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 1};
  return kSizes[dtype];
}

struct Space {  // an index space in C order
  int ndim = 0;
  int64_t sizes[FL_MAX_DIMS] = {};
  int64_t count = 1;
};

struct Operand {         // a tensor seen from a Space
  char* data = nullptr;  // nullptr: not given
  int32_t dtype = FL_FLOAT32;
  bool contiguous = false;            // element i of the space lies at data + i
  int64_t strides[FL_MAX_DIMS] = {};  // in elements, one per dimension of the space; 0 broadcasts
  int64_t class_stride = 0;           // row losses: from class to class

  explicit constexpr operator bool() const { return data != nullptr; }
};

// Found by one block; the runtime adds blocks up in their order.
struct Partial {
  double loss = 0;
  int64_t bad_labels = 0;  // outside [0, classes)
  int64_t first_bad_row = -1;
  int64_t first_bad_label = 0;
};

struct PointwiseCall {
  Space elements;
  Operand y_true, y_pred, sample_weight, mask;  // over elements
  Operand third;  // the third argument of the loss: class_weight, or the further prediction
  Operand loss;   // not given: only the sum is wanted; contiguous, (rows)
  Operand grad, more_grad;
  bool want_loss = false, stream_grad = false;
  int64_t row_length = 1;  // elements averaged into one entry of loss
  int64_t block = kChunk;  // elements; whole rows if loss is given and rows are longer than 1
  double grad_scale = 1;
  double params[FL_MAX_PARAMS] = {};
};

// A class for each row, as int64 or as int32.
struct ClassOutput {
  void* data = nullptr;
  bool narrow = false;

  FL_INLINE void put(int64_t row, int64_t label) const {
    if (!data) return;
    if (narrow)
      static_cast<int32_t*>(data)[row] = int32_t(label);
    else
      static_cast<int64_t*>(data)[row] = label;
  }
};

struct RowStatistics {
  char *log_sum_exp = nullptr, *label_log_prob = nullptr, *entropy = nullptr;
  ClassOutput argmax;

  explicit constexpr operator bool() const {
    return log_sum_exp || label_log_prob || entropy || argmax.data;
  }
};

struct RowCall {
  Space rows;
  int64_t classes = 0;
  Operand y_true;  // dense: over rows, with a class_stride; otherwise integers over rows
  int predictions = 1;
  Operand x[kMaxPredictions];  // y_pred and the further predictions
  Operand grad[kMaxPredictions];
  Operand sample_weight, mask, loss;   // over rows; loss contiguous
  RowStatistics statistics;            // over rows, contiguous
  const void* class_weight = nullptr;  // (classes), in the type computed with
  bool dense = false, stream_grad = false, across = false;
  bool labels_are_classes = true;  // of those that are not dense
  bool has_ignore_label = false;
  int64_t ignore_label = 0;
  int64_t block = 1;  // rows
  int64_t group = 1;  // of them, handled at a time
  double grad_scale = 1;
  double params[FL_MAX_PARAMS] = {};
};

// Rows and their weights, to count them before the gradient is scaled by the count.
struct DivisorCall {
  Space rows;
  Operand labels, sample_weight, mask;
  Operand class_weight;  // (classes), not over rows: each row counts with that of its label
  int64_t classes = 0;
  bool has_ignore_label = false, weighted = false;
  bool check_labels = false;  // count those outside [0, classes)
  int64_t ignore_label = 0;
};

struct ScaleCall {
  Space elements;
  Operand input, output;
  double factor = 1;
};

// What computes the blocks [begin, end) of a call, and what it finds in each.
template <class Call>
using Kernel = void (*)(const Call&, int64_t begin, int64_t end, void* scratch, Partial* partials);

using PointwiseKernel = Kernel<PointwiseCall>;
using RowKernel = Kernel<RowCall>;

// Everything one instruction set offers. [2]: computed in float, in double.
struct Kernels {
  const PointwiseKernel (*pointwise)[2];
  const RowKernel (*row)[2];
  Kernel<DivisorCall> divisor;
  Kernel<ScaleCall> scale[2];
};

// Bytes of scratch memory a block may use.
constexpr int64_t kPointwiseScratch = 7 * kChunk * int64_t(sizeof(double));

inline int64_t row_scratch(const RowCall& call, int64_t element_bytes) {
  const int64_t padded = padded_classes(call.classes);
  const int64_t area = call.across       ? call.classes * row_pitch(call.group)
                       : padded < kChunk ? kChunk
                                         : padded;
  return (2 + 2 * call.predictions) * area * element_bytes;  // masses, y_true, x and grad of each
}

}  // namespace fl

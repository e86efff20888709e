#include "bindings/label_lists.hpp"

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>

#include "bindings/calls.hpp"
#include "bindings/method.hpp"
#include "bindings/torch.hpp"
#include "runtime/tensors.hpp"

namespace py = pybind11;

namespace fl {
namespace {

// From here on threads are woken and the interpreter's lock is given away.
constexpr int64_t kMany = 32768;

// The place of the first label that is neither -1 nor a class; `classes` if there is none.
template <class T>
int64_t count_row(const T* labels, int64_t stride, int64_t classes, float* counts) {
  std::memset(counts, 0, size_t(classes) * sizeof(float));
  int64_t i = 0;
  for (; i < classes; ++i) {
    const int64_t label = labels[i * stride];
    if (uint64_t(label) >= uint64_t(classes)) break;
    ++counts[label];
  }
  for (; i < classes; ++i) {
    const int64_t label = labels[i * stride];
    if (label < -1 || label >= classes) break;
  }
  return i;
}

struct Lists {
  const fl_tensor& labels;
  int64_t rows, classes, row_stride, stride;
  float* counts;                              // (rows, classes)
  std::atomic<int64_t> first_bad{INT64_MAX};  // counted through all labels

  Lists(const fl_tensor& x, float* to)
      : labels(x),
        rows(x.ndim > 1 ? x.shape[0] : 1),
        classes(x.shape[x.ndim - 1]),
        row_stride(x.ndim > 1 ? stride_of(x, 0) : 0),
        stride(stride_of(x, x.ndim - 1)),
        counts(to) {}

  template <class T>
  void count(int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t place = count_row(static_cast<const T*>(labels.data) + row * row_stride, stride,
                                      classes, counts + row * classes);
      if (place == classes) continue;
      const int64_t bad = row * classes + place;
      for (int64_t first = first_bad;
           bad < first && !first_bad.compare_exchange_weak(first, bad);) {
      }
    }
  }

  template <class T>
  void count() {
    const fl_task task = [](void* lists, int64_t begin, int64_t end) {
      static_cast<Lists*>(lists)->count<T>(begin, end);
    };
    const fl_parallel_for threads = torch_parallel_for();
    if (rows * classes < kMany || !threads) return task(this, 0, rows);
    const py::gil_scoped_release release;
    threads(nullptr, rows, task, this);
  }
};

void refuse(const Lists& lists) {
  const int64_t row = lists.first_bad / lists.classes, place = lists.first_bad % lists.classes;
  const fl_tensor& x = lists.labels;
  fl_tensor one{static_cast<char*>(x.data) +
                    (row * lists.row_stride + place * lists.stride) * item_size(x.dtype),
                nullptr, nullptr, 0, x.dtype};
  const std::string at =
      x.ndim > 1 ? std::to_string(row) + ", " + std::to_string(place) : std::to_string(place) + ",";
  fl_status status{FL_LABEL_OUT_OF_RANGE, {}};
  std::snprintf(status.message, sizeof status.message,
                "target must be -1 or in [0, %lld), got %.0f at (%s)",
                static_cast<long long>(lists.classes), read_number(one, 0), at.c_str());
  raise_for(status);
}

py::object count_labels(const Arguments& given) {
  View labels, counts;
  view(given[0], "target", labels);
  view_output(given[1], "counts", counts);
  const fl_tensor &x = labels.tensor, &to = counts.tensor;
  if (x.ndim < 1 || x.ndim > 2 || element_count(to) != element_count(x) || !is_contiguous(to) ||
      to.dtype != FL_FLOAT32)
    throw py::value_error("counts must be contiguous, float32, in the shape of target");
  Lists lists(x, static_cast<float*>(to.data));
  if (is_empty(x)) return py::none();
  switch (x.dtype) {
    case FL_INT8:
      lists.count<int8_t>();
      break;
    case FL_INT16:
      lists.count<int16_t>();
      break;
    case FL_INT32:
      lists.count<int32_t>();
      break;
    case FL_INT64:
      lists.count<int64_t>();
      break;
    case FL_UINT8:
      lists.count<uint8_t>();
      break;
    default:
      refuse_dtype("target", given[0].attr("dtype"));
  }
  if (lists.first_bad != INT64_MAX) refuse(lists);
  return py::none();
}

PyMethodDef methods[] = {
    {"count_labels", method<count_labels, 2>(), METH_FASTCALL,
     "count_labels(target, counts, /)\n--\n\nHow often each class is listed in its row before the "
     "first -1."},
    {}};

}  // namespace

void add_label_lists(py::module_& module) {
  if (PyModule_AddFunctions(module.ptr(), methods) != 0) throw py::error_already_set();
}

}  // namespace fl

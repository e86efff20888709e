// The Python module fusedloss._core: the C interface with arrays for tensors and exceptions for
// status codes. No line here names a loss.
#include <pybind11/pybind11.h>

#include <string>

#include "bindings/views.hpp"

namespace py = pybind11;

namespace fl {
namespace {

// Below this many elements a call is shorter than handing the interpreter to another thread.
constexpr int64_t kKeepLock = 4096;

py::object label_error;  // ValueError and IndexError in one: NumPy's habit and torch's

void raise_for(const fl_status& status) {
  switch (status.code) {
    case FL_OK:
      return;
    case FL_INVALID_TYPE:
      throw py::type_error(status.message);
    case FL_OUT_OF_MEMORY:
      PyErr_NoMemory();
      throw py::error_already_set();
    case FL_LABEL_OUT_OF_RANGE:
      PyErr_SetString(label_error.ptr(), status.message);
      throw py::error_already_set();
    default:
      throw py::value_error(status.message);
  }
}

int64_t element_count(const fl_tensor& x) {
  int64_t count = 1;
  for (int d = 0; d < x.ndim; ++d) count *= x.shape[d];
  return count;
}

// Calls f without the interpreter's lock if it has that much to do.
template <class F>
void unlocked(int64_t elements, F f) {
  if (elements < kKeepLock) return f();
  const py::gil_scoped_release release;
  f();
}

// Predictions beside y_pred, and then their gradients.
struct Further {
  View views[2 * FL_MAX_MORE];

  void read(const py::tuple& more, const py::tuple& grads) {
    if (more.size() > FL_MAX_MORE || (!grads.empty() && grads.size() != more.size()))
      throw py::value_error("more must hold at most " + std::to_string(FL_MAX_MORE) +
                            " arrays, and more_grads one for each of them");
    for (size_t k = 0; k < more.size(); ++k) {
      view(more[k], "more", views[k]);
      if (!grads.empty()) view_output(grads[k], "more_grads", views[FL_MAX_MORE + k]);
    }
  }
};

void read_statistics(const py::tuple& arrays, View (&views)[4]) {
  constexpr const char* kNames[] = {"log_sum_exp", "label_log_prob", "entropy", "argmax"};
  if (arrays.size() != 4) throw py::value_error("statistics must hold 4 arrays or None");
  for (size_t i = 0; i < 4; ++i) view_output(arrays[i], kNames[i], views[i]);
}

double compute(int32_t loss_id, const py::tuple& params, py::handle y_true, py::handle y_pred,
               py::handle sample_weight, py::handle mask, py::handle class_weight,
               py::handle ignore_label, py::handle row_axis, int32_t reduction, double denominator,
               int32_t flags, py::handle loss_out, py::handle grad_out, const py::tuple& more,
               const py::tuple& more_grads, py::handle statistics, double upstream) {
  fl_call call{};
  call.struct_size = sizeof call;
  call.loss_id = loss_id;
  double values[FL_MAX_PARAMS];
  call.params = values;
  call.num_params = int32_t(params.size());
  for (size_t i = 0; i < params.size() && i < FL_MAX_PARAMS; ++i)
    values[i] = params[i].cast<double>();
  call.reduction = reduction;
  call.denominator = denominator;
  call.flags = flags;
  call.has_upstream = 1;
  call.upstream = upstream;
  if (!ignore_label.is_none()) {
    call.has_ignore_label = 1;
    call.ignore_label = ignore_label.cast<int64_t>();
  }
  View views[7];
  view(y_true, "y_true", views[0]);
  view(y_pred, "y_pred", views[1]);
  view(sample_weight, "sample_weight", views[2]);
  view(mask, "mask", views[3]);
  view(class_weight, "class_weight", views[4]);
  view_output(loss_out, "loss_out", views[5]);
  view_output(grad_out, "grad_out", views[6]);
  Further further;
  if (!more.empty()) further.read(more, more_grads);
  View found[4];
  if (!statistics.is_none()) read_statistics(statistics.cast<py::tuple>(), found);
  const int ndim = views[1].tensor.ndim;
  if (!row_axis.is_none()) {
    const int given = row_axis.cast<int>(), axis = given < 0 ? given + ndim : given;
    if (axis < 0 || axis >= ndim)
      throw py::value_error("axis must lie in [" + std::to_string(-ndim) + ", " +
                            std::to_string(ndim) + "), got " + std::to_string(given));
    call.row_axes = 1;
    const bool per_class = views[4].tensor.ndim == 1;  // weights of classes have no other axis
    for (int i : {0, 1, 2, 4, 6})
      if (views[i].tensor.data && views[i].tensor.ndim == ndim && !(i == 4 && per_class))
        views[i].move_axis_last(axis);
    for (View& v : further.views)
      if (v.tensor.data && v.tensor.ndim == ndim) v.move_axis_last(axis);
  }
  call.y_true = views[0].tensor;
  call.y_pred = views[1].tensor;
  call.sample_weight = views[2].tensor;
  call.mask = views[3].tensor;
  call.class_weight = views[4].tensor;
  call.loss = views[5].tensor;
  call.grad = views[6].tensor;
  for (int k = 0; k < FL_MAX_MORE; ++k) {
    call.more[k] = further.views[k].tensor;
    call.more_grad[k] = further.views[FL_MAX_MORE + k].tensor;
  }
  call.statistics = {found[0].tensor, found[1].tensor, found[2].tensor, found[3].tensor};
  if (is_torch_tensor(y_pred)) call.parallel_for = torch_parallel_for();

  fl_result result{};
  fl_status status;
  unlocked(element_count(call.y_pred), [&] { fl_compute(&call, &result, &status); });
  raise_for(status);
  return result.scale;
}

void scale(py::handle input, double factor, py::handle output) {
  View from, to;
  view(input, "input", from);
  view_output(output, "output", to);
  fl_status status;
  const fl_parallel_for threads = is_torch_tensor(input) ? torch_parallel_for() : nullptr;
  unlocked(element_count(from.tensor),
           [&] { fl_scale(&from.tensor, factor, &to.tensor, threads, nullptr, &status); });
  raise_for(status);
}

py::list losses(const py::object& loss_type, const py::object& parameter_type) {
  py::list all;
  for (int32_t id = 0; id < fl_loss_count(); ++id) {
    const fl_loss_info& info = *fl_get_loss_info(id);
    py::tuple parameters(info.num_params);
    for (int i = 0; i < info.num_params; ++i) {
      const fl_param_info& p = info.params[i];
      parameters[i] = parameter_type(p.name, p.value, p.low, p.high, bool(p.low_excluded));
    }
    py::tuple more(info.num_more);
    for (int i = 0; i < info.num_more; ++i) more[i] = info.more[i];
    constexpr const char* kTargets[] = {"elements", "rows", "none"};
    all.append(loss_type(id, info.name, info.summary, info.kind == FL_ROW ? "row" : "pointwise",
                         bool(info.takes_class_weight), parameters, more, kTargets[info.targets]));
  }
  return all;
}

py::list isas() {
  py::list names;
  for (int32_t isa = 0; isa < fl_isa_count(); ++isa)
    if (fl_isa_usable(isa)) names.append(fl_isa_name(isa));
  return names;
}

void set_isa(const std::string& name) {
  int32_t isa = fl_isa_count() - 1;
  while (isa >= 0 && name != fl_isa_name(isa)) --isa;
  fl_status status;
  fl_set_isa(isa, &status);
  raise_for(status);
}

std::string get_isa() {
  const char* name = fl_isa_name(fl_get_isa());
  if (!name) throw py::value_error("FUSEDLOSS_ISA names no instruction set this machine can use");
  return name;
}

void set_num_threads(int32_t threads) {
  fl_status status;
  fl_set_num_threads(threads, &status);
  raise_for(status);
}

// Reusable memory, lent to arrays through the buffer protocol.
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes), memory_(fl_allocate(bytes)) {
    if (!memory_) throw std::bad_alloc();
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { fl_free(memory_); }

  py::buffer_info info() {
    return py::buffer_info(static_cast<uint8_t*>(memory_), py::ssize_t(bytes_));
  }

 private:
  size_t bytes_;
  void* memory_;
};

}  // namespace
}  // namespace fl

// From here on the page faults of fresh memory cost more than the arithmetic that fills it, and
// front ends take outputs from a Buffer.
constexpr int kReuseBytes = 1 << 20;

PYBIND11_MODULE(_core, m, py::mod_gil_not_used()) {
  using namespace fl;
  m.doc() = "The compiled core of fusedloss: a thin layer over its C interface.";
  m.attr("__version__") = FUSEDLOSS_VERSION;

  const py::object namedtuple = py::module_::import("collections").attr("namedtuple");
  const py::object parameter =
      namedtuple("Parameter", py::make_tuple("name", "default", "low", "high", "low_excluded"));
  const py::object loss =
      namedtuple("LossInfo", py::make_tuple("id", "name", "summary", "kind", "takes_class_weight",
                                            "parameters", "more", "targets"));
  m.attr("Parameter") = parameter;
  m.attr("LossInfo") = loss;

  label_error = py::reinterpret_steal<py::object>(PyErr_NewExceptionWithDoc(
      "fusedloss.LabelError", "An integer label outside [0, classes).",
      py::make_tuple(py::handle(PyExc_ValueError), py::handle(PyExc_IndexError)).ptr(), nullptr));
  m.attr("LabelError") = label_error;

  m.attr("NONE") = int(FL_NONE);
  m.attr("SUM") = int(FL_SUM);
  m.attr("MEAN") = int(FL_MEAN);
  m.attr("WEIGHTED_MEAN") = int(FL_WEIGHTED_MEAN);
  m.attr("UNSCALED_GRAD") = int(FL_UNSCALED_GRAD);
  m.attr("EMPTY_IS_NAN") = int(FL_EMPTY_IS_NAN);
  m.attr("CLASS_WEIGHTED_MEAN") = int(FL_CLASS_WEIGHTED_MEAN);

  py::class_<Buffer>(m, "Buffer", py::buffer_protocol(),
                     "`nbytes` of reusable memory, offered through the buffer protocol.")
      .def(py::init<size_t>(), py::arg("nbytes"))
      .def_buffer(&Buffer::info);

  m.attr("REUSE_BYTES") = kReuseBytes;
  m.def("compute", &compute, "Value and gradient of a loss in one pass.", py::arg("loss"),
        py::arg("params"), py::arg("y_true"), py::arg("y_pred"), py::arg("sample_weight"),
        py::arg("mask"), py::arg("class_weight"), py::arg("ignore_label"), py::arg("row_axis"),
        py::arg("reduction"), py::arg("denominator"), py::arg("flags"), py::arg("loss_out"),
        py::arg("grad_out"), py::arg("more") = py::tuple(), py::arg("more_grads") = py::tuple(),
        py::arg("statistics") = py::none(), py::arg("upstream") = 1.0);
  m.def("scale", &scale, "output = factor * input, rounded once.");
  m.def(
      "losses", [loss, parameter] { return losses(loss, parameter); },
      "Every loss of the registry.");
  m.def("isas", &isas, "Instruction sets this machine can use, the best one last.");
  m.def("get_isa", &get_isa, "The instruction set in use.");
  m.def("set_isa", &set_isa, "Use another instruction set.");
  m.def("get_num_threads", &fl_get_num_threads, "Threads used outside torch.");
  m.def("set_num_threads", &set_num_threads, "Set the number of threads used outside torch.");
  m.def("release_memory", &fl_release_memory, "Give memory that is not in use back to the system.");
  m.def("reserved_bytes", &fl_reserved_bytes, "Bytes kept for reuse.");
#if defined(__clang__)
  m.attr("__compiler__") = __VERSION__;
#else
  m.attr("__compiler__") = "GCC " __VERSION__;
#endif
}

// The Python module fusedloss._core: the C interface with arrays for tensors and exceptions for
// status codes. No line here names a loss.
#include <pybind11/pybind11.h>

#include <string>

#include "bindings/calls.hpp"
#include "bindings/cuda.hpp"
#include "bindings/direct.hpp"
#include "bindings/label_lists.hpp"
#include "bindings/xla.hpp"

namespace py = pybind11;

namespace fl {
namespace {

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
  add_calls(m);
  add_direct_numpy(m);
  add_direct_torch(m);
  add_cuda(m);
  add_label_lists(m);
  add_xla(m);
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

// The C interface of the library for GPUs, on the emulated one: what it refuses, and that it needs
// no more memory than it says.
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "fusedloss/fusedloss_cuda.h"

namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("not %s\n", what.c_str());
}

void expect_error(int32_t code, const fl_status& status, int32_t expected, const char* words) {
  expect(code == expected && status.code == expected && std::strstr(status.message, words),
         std::string(words) + ", but " + status.message);
}

// Rows of logits with labels, and everything that a call of theirs needs.
struct Example {
  static constexpr int64_t kRows = 5, kClasses = 3;
  const int64_t shape[2] = {kRows, kClasses}, class_shape[1] = {kClasses};
  std::vector<float> logits = std::vector<float>(kRows * kClasses, 0.5f), gradient = logits;
  std::vector<int64_t> labels = {0, 1, 2, 9, 1};
  float loss = -1, class_weight[kClasses] = {1, 2, 3};
  alignas(64) unsigned char memory[4096];
  double scale = -1;
  fl_call call{};
  fl_cuda_launch launch{};
  fl_status status{};

  explicit Example(const char* name = "categorical_crossentropy_from_logits") {
    int32_t id = -1;
    while (fl_get_loss_info(++id) && std::strcmp(fl_get_loss_info(id)->name, name)) {
    }
    call.struct_size = sizeof call;
    call.loss_id = id;
    call.row_axes = 1;
    call.reduction = FL_MEAN;
    call.has_ignore_label = 1;
    call.ignore_label = 9;
    call.y_true = {labels.data(), shape, nullptr, 1, FL_INT64};
    call.y_pred = {logits.data(), shape, nullptr, 2, FL_FLOAT32};
    call.grad = {gradient.data(), shape, nullptr, 2, FL_FLOAT32};
    call.loss = {&loss, nullptr, nullptr, 0, FL_FLOAT32};
    launch.struct_size = sizeof launch;
    launch.workspace = memory;
    launch.workspace_bytes = sizeof memory;
    launch.scale = {&scale, nullptr, nullptr, 0, FL_FLOAT64};
  }

  int32_t compute() { return fl_cuda_compute(&call, &launch, &status); }
};

void test_a_call() {
  Example e;
  expect(e.compute() == FL_OK, std::string("computed: ") + e.status.message);
  expect(std::fabs(e.loss - std::log(3.0f)) < 1e-6f, "the loss of equal logits");
  expect(e.scale == 0.25, "the number of rows that count");
  expect(e.gradient[9] == 0, "no gradient of an ignored row");
  float scale = 0;
  e.launch.scale = {&scale, nullptr, nullptr, 0, FL_FLOAT32};
  expect(e.compute() == FL_OK && scale == 0.25f, "the same number as float32");
}

void test_memory() {
  Example e;
  size_t bytes = 0;
  expect(fl_cuda_workspace_bytes(&e.call, 0, &bytes, &e.status) == FL_OK && bytes > 0, "measured");
  std::memset(e.memory, 0xA5, sizeof e.memory);
  e.launch.workspace_bytes = bytes;
  expect(e.compute() == FL_OK, "enough memory");
  for (size_t i = bytes; i < sizeof e.memory; ++i)
    if (e.memory[i] != 0xA5) return expect(false, "memory left alone that was not asked for");
  e.launch.workspace_bytes = bytes - 1;
  expect_error(e.compute(), e.status, FL_INVALID_VALUE, "workspace has");
}

void test_what_is_refused() {
  Example older;
  older.launch.struct_size -= 8;
  expect_error(older.compute(), older.status, FL_INVALID_VALUE, "versions differ");

  Example nowhere;
  nowhere.launch.device = 7;
  expect_error(nowhere.compute(), nowhere.status, FL_INVALID_VALUE, "device");

  Example weighted;
  weighted.call.class_weight = {weighted.class_weight, weighted.class_shape, nullptr, 1,
                                FL_FLOAT64};
  expect_error(weighted.compute(), weighted.status, FL_INVALID_TYPE,
               "class_weight must be float32 and contiguous");

  Example half;
  half.launch.scale.dtype = FL_FLOAT16;
  expect_error(half.compute(), half.status, FL_INVALID_TYPE, "scale must be 0-d, and float64");

  Example wrong;
  wrong.launch.upstream = {wrong.logits.data(), wrong.shape, nullptr, 1, FL_FLOAT32};
  expect_error(wrong.compute(), wrong.status, FL_INVALID_TYPE, "upstream must be 0-d");

  Example unknown;
  unknown.call.loss_id = -1;
  expect_error(unknown.compute(), unknown.status, FL_INVALID_VALUE, "loss_id");
}

void test_scaling() {
  Example e;
  const float upstream = 3;
  const double factor = 0.5;
  const fl_tensor number{const_cast<float*>(&upstream), nullptr, nullptr, 0, FL_FLOAT32};
  const int32_t code =
      fl_cuda_scale(&e.call.y_pred, &number, &factor, &e.call.grad, &e.launch, &e.status);
  expect(code == FL_OK, "scaled");
  for (const float g : e.gradient) expect(g == 0.75f, "the product of all three");
}

}  // namespace

int main() {
  fl_status status;
  expect(fl_cuda_interface_version() == FL_INTERFACE_VERSION, "the version of the header");
  expect(fl_cuda_device_count(&status) == 1, "one emulated GPU");
  expect(fl_cuda_preload(0, &status) == FL_OK, "loaded");
  uint64_t capture = 1;
  int32_t device = 1;
  expect(fl_cuda_stream_device(nullptr, &device, &status) == FL_OK && device == 0, "its device");
  expect(fl_cuda_capture_id(nullptr, &capture, &status) == FL_OK && capture == 0, "no capture");
  test_a_call();
  test_memory();
  test_what_is_refused();
  test_scaling();
  std::printf("%d failures\n", failures);
  return failures != 0;
}

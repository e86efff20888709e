// XLA's own threads: a second pool beside them would compete with it for the same cores.
#pragma once

#include <algorithm>
#include <atomic>

#include "bindings/xla_ffi.hpp"
#include "fusedloss/fusedloss.h"

namespace fl::xla {

// A parallel_for on XLA's threads. These take tasks whenever they like, perhaps after everything is
// done: so the job belongs to whoever looks at it last, its caller takes part, and waits for
// nothing but blocks that somebody has begun.
class Job {
 public:
  static void run(const CallFrame& frame, int64_t helpers, int64_t count, fl_task task,
                  void* context) {
    Job* const job = new Job(helpers + 1, count, task, context);
    for (int64_t i = 0; i < helpers; ++i) {
      Schedule wish{sizeof wish, nullptr, frame.context, help, job};
      if (Error* const error = frame.api->thread_pool_schedule(&wish)) {
        ErrorDestroy gone{sizeof gone, nullptr, error};
        frame.api->error_destroy(&gone);
        job->leave();
      }
    }
    job->work();
    for (int64_t left; (left = job->left_.load(std::memory_order_acquire)) > 0;)
      job->left_.wait(left, std::memory_order_acquire);
    job->leave();
  }

 private:
  Job(int64_t users, int64_t count, fl_task task, void* context)
      : task_(task), context_(context), count_(count), left_(count), users_(users) {
    batch_ = std::max<int64_t>(1, count / (users * 16));
  }

  static void help(void* data) {
    Job* const job = static_cast<Job*>(data);
    job->work();
    job->leave();
  }

  void work() {
    for (int64_t begin; (begin = next_.fetch_add(batch_, std::memory_order_relaxed)) < count_;) {
      const int64_t end = std::min(begin + batch_, count_);
      task_(context_, begin, end);
      if (left_.fetch_sub(end - begin, std::memory_order_acq_rel) == end - begin)
        left_.notify_one();
    }
  }

  void leave() {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  fl_task task_;
  void* context_;
  int64_t count_, batch_;
  std::atomic<int64_t> next_{0}, left_, users_;
};

// How many threads XLA has is not asked: TensorFlow 2.18 has another function in that place.
inline void on_xla_threads(void* frame, int64_t count, fl_task task, void* context) {
  const int64_t helpers = std::min<int64_t>(fl_get_num_threads(), count) - 1;
  if (helpers < 1) return task(context, 0, count);
  Job::run(*static_cast<const CallFrame*>(frame), helpers, count, task, context);
}

}  // namespace fl::xla

#include "runtime/parallel.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/cpu.hpp"

namespace fl {
namespace {

constexpr int kMaxThreads = 1024;

// One parallel_for in progress; lives on its caller's stack.
struct Job {
  fl_task task;
  void* context;
  int64_t count;
  int64_t batch;  // blocks taken at a time
  std::atomic<int64_t> next{0};
  int helpers = 0;      // workers inside, guarded by the pool's mutex
  int max_helpers = 0;  // the number of threads may have been lowered since the workers started
  Job* following = nullptr;

  void work() {
    for (int64_t begin; (begin = next.fetch_add(batch, std::memory_order_relaxed)) < count;)
      task(context, begin, std::min(begin + batch, count));
  }
};

class Pool {
 public:
  void run(Job& job, int threads) {
    job.max_helpers = threads - 1;
    {
      std::lock_guard lock(mutex_);
      while (int(workers_.size()) < threads - 1) workers_.emplace_back([this] { serve(); });
      job.following = jobs_;
      jobs_ = &job;
    }
    wake_.notify_all();
    job.work();
    std::unique_lock lock(mutex_);
    for (Job** link = &jobs_; *link; link = &(*link)->following)
      if (*link == &job) {
        *link = job.following;
        break;
      }
    done_.wait(lock, [&] { return job.helpers == 0; });
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      Job* job = nullptr;
      wake_.wait(lock, [&] { return (job = open_job()) != nullptr; });
      ++job->helpers;
      lock.unlock();
      job->work();
      lock.lock();
      if (--job->helpers == 0) done_.notify_all();
    }
  }

  Job* open_job() const {
    for (Job* job = jobs_; job; job = job->following)
      if (job->helpers < job->max_helpers && job->next.load(std::memory_order_relaxed) < job->count)
        return job;
    return nullptr;
  }

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> workers_;
  Job* jobs_ = nullptr;
};

// Never destroyed: workers may outlive static destruction, and a forked child must not join
// threads it does not have.
std::atomic<Pool*> the_pool{nullptr};

Pool& pool() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork(nullptr, nullptr, [] { the_pool.store(new Pool); });
    the_pool.store(new Pool);
  });
  return *the_pool.load();
}

int default_threads() {
  const char* wanted = std::getenv("FUSEDLOSS_NUM_THREADS");
  const int threads = wanted ? std::atoi(wanted) : 0;
  return threads > 0 ? std::min(threads, kMaxThreads) : usable_cpus();
}

std::atomic<int>& num_threads() {
  static std::atomic<int> threads{default_threads()};
  return threads;
}

}  // namespace

void own_parallel_for(void*, int64_t count, fl_task task, void* context) {
  const int threads = int(std::min<int64_t>(num_threads().load(std::memory_order_relaxed), count));
  if (threads <= 1) {
    if (count > 0) task(context, 0, count);
    return;
  }
  Job job{task, context, count, std::max<int64_t>(1, count / (threads * 16))};
  pool().run(job, threads);
}

}  // namespace fl

extern "C" {

int32_t fl_get_num_threads(void) { return fl::num_threads().load(); }

int32_t fl_set_num_threads(int32_t threads, fl_status* status) {
  *status = {};
  if (threads < 1 || threads > fl::kMaxThreads) {
    status->code = FL_INVALID_VALUE;
    std::snprintf(status->message, sizeof status->message,
                  "threads must be between 1 and %d, got %d", fl::kMaxThreads, threads);
  } else {
    fl::num_threads().store(threads);
  }
  return status->code;
}

}  // extern "C"

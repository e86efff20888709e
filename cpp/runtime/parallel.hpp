// Threads: a small pool of our own, for callers that bring none.
#pragma once

#include <cstdint>

#include "fusedloss/fusedloss.h"

namespace fl {

// The default fl_parallel_for. The caller takes part; blocks are handed out by an atomic counter,
// so that a descheduled worker delays nobody; concurrent callers share the workers; a forked child
// starts workers of its own. Workers sleep between calls rather than spin: beside another library's
// spinning pool, a second one costs up to three times the work itself.
void own_parallel_for(void* pool, int64_t count, fl_task task, void* context);

}  // namespace fl

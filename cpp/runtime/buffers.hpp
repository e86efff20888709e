// Memory: scratch space of a thread, and large outputs whose pages stay mapped between calls.
#pragma once

#include <cstddef>

namespace fl {

// At least `bytes`, aligned to 64, kept for the thread's next call; nullptr: out of memory.
void* thread_scratch(std::size_t bytes);

}  // namespace fl

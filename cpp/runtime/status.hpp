// How a failure travels: thrown inside the runtime, turned into an fl_status at the C interface.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <new>
#include <string>

#include "fusedloss/fusedloss.h"

namespace fl {

struct Error {
  fl_code code;
  std::string message;
};

[[noreturn, gnu::format(printf, 2, 3)]] inline void fail(fl_code code, const char* format, ...) {
  char text[sizeof fl_status::message];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  throw Error{code, text};
}

// Calls f, and returns the code of what it throws.
template <class F>
int32_t guarded(fl_status* status, F f) {
  const auto report = [&](int32_t code, const char* message) {
    status->code = code;
    std::snprintf(status->message, sizeof status->message, "%s", message);
  };
  *status = {};
  try {
    f();
  } catch (const Error& error) {
    report(error.code, error.message.c_str());
  } catch (const std::bad_alloc&) {
    report(FL_OUT_OF_MEMORY, "out of memory");
  }
  return status->code;
}

}  // namespace fl

// How a failure travels: thrown inside the runtime, turned into an fl_status at the C interface.
#pragma once

#include <cstdarg>
#include <cstdio>
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

}  // namespace fl

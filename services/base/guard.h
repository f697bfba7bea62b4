// Exceptions of libraries as errors, where a thread's work begins and where C code calls back:
// nothing there catches them, and one of them would end the daemon with all its other calls.
#pragma once

#include <absl/status/status.h>

#include <exception>
#include <type_traits>
#include <typeinfo>

namespace gantry {

// INTERNAL, with the exception's type: its text may hold what was being worked on.  Null for what
// is no std::exception.
absl::Status Thrown(const std::type_info* type);

// What `work` returns, a Status or StatusOr, or the error of what it throws.
template <class Work>
std::invoke_result_t<Work&> Guard(Work&& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Thrown(&typeid(e));
  } catch (...) {
    return Thrown(nullptr);
  }
}

}  // namespace gantry

#include "base/guard.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "base/status.h"

namespace gantry {

absl::Status Thrown(const std::type_info* type) {
  std::string name = "something unknown";
  if (type != nullptr) {
    const std::unique_ptr<char, decltype(&std::free)> readable(
        abi::__cxa_demangle(type->name(), nullptr, nullptr, nullptr), &std::free);
    name = readable ? readable.get() : type->name();
  }
  return Internal(reason::kInternal, "the work was ended by {}, which should not happen", name)
      .Remedy("try again; if it happens again, report it with the daemon's log");
}

}  // namespace gantry

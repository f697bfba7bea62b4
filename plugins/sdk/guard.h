// No exception crosses the ABI.
#pragma once

#include <exception>
#include <utility>

#include "plugins/sdk/call.h"

namespace gantry::sdk {

// Runs `body`, which takes a Call and returns a Status.  A Status that is not OK becomes the call's
// error.  So does an exception: it is a bug of the flavor, never its way to report.
template <class Body>
gantry_code Guard(const gantry_host& host, gantry_call* raw, Body&& body) noexcept {
  Call call(host, raw);
  try {
    const Status status = std::forward<Body>(body)(call);
    return status.ok() ? GANTRY_OK : call.Fail(status);
  } catch (const std::exception& e) {
    return call.Fail(GANTRY_INTERNAL, "FLAVOR_EXCEPTION", e.what());
  } catch (...) {
    return call.Fail(GANTRY_INTERNAL, "FLAVOR_EXCEPTION", "something that is no std::exception");
  }
}

}  // namespace gantry::sdk

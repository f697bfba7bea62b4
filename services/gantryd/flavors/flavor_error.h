// Errors of flavors as the daemon's own: codes checked, texts bounded, defects named.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "plugins/abi/flavor_abi.h"

namespace gantry {

// INTERNAL FLAVOR_MISBEHAVED: "flavor X broke its contract in <operation>: it <fault>".
absl::Status Misbehaved(const std::string& flavor, std::string_view operation,
                        std::string_view fault);

// What a flavor said through host->fail.  The metadata key "remedy" becomes the remedy.
absl::Status ErrorFromFlavor(const gantry_error& error, const std::string& flavor,
                             std::string_view operation);

// The end of an operation: its code, with `said`, what was said on the way, where they agree.
absl::Status EndOfOperation(gantry_code code, const absl::Status& said, const std::string& flavor,
                            std::string_view operation);

inline gantry_code CodeOf(const absl::Status& status) {
  return static_cast<gantry_code>(status.code());
}

}  // namespace gantry

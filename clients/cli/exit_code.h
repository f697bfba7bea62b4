// How a command ends, for scripts: one number per kind of failure.
#pragma once

#include <absl/status/status.h>

namespace gantry::cli {

enum ExitCode : int {
  kOk = 0,
  kFailure = 1,      // anything without a number of its own
  kUsage = 2,        // wrong arguments or values
  kAuth = 3,         // the registry refused the credential
  kNotFound = 4,     // no such registry, connector, repository, image or source
  kDenied = 5,       // known, but not allowed
  kUnavailable = 6,  // daemon or registry cannot be reached, or too slow
  kThrottled = 7,    // the registry asked to wait
  kIntegrity = 8,    // the registry did not do what it said
  kConflict = 9,     // exists already, changed meanwhile, or an immutable tag
  kQuota = 10,       // quota used up, or the daemon is overloaded
  kSource = 11,      // the source image is broken, lies or is ambiguous
  kUnhealthy = 12,   // verify found something that will make pushes fail
  kCancelled = 130,  // Ctrl-C
};

ExitCode ExitCodeOf(const absl::Status& status);

// The table above, for --help.
const char* ExitCodeHelp();

}  // namespace gantry::cli

#include "clients/cli/exit_code.h"

#include <map>
#include <string>

#include "base/status.h"

namespace gantry::cli {
namespace {

ExitCode OfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kCancelled:
      return kCancelled;
    case absl::StatusCode::kInvalidArgument:
      return kUsage;
    case absl::StatusCode::kUnauthenticated:
      return kAuth;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kPermissionDenied:
      return kDenied;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnavailable:
      return kUnavailable;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return kConflict;
    case absl::StatusCode::kResourceExhausted:
      return kQuota;
    case absl::StatusCode::kDataLoss:
      return kIntegrity;
    default:
      return kFailure;
  }
}

}  // namespace

ExitCode ExitCodeOf(const absl::Status& status) {
  // Where the reason says more than the code does.
  static const std::map<std::string, ExitCode, std::less<>> kByReason = {
      {std::string(reason::kUpstreamAuthRejected), kAuth},
      {std::string(reason::kCredentialHelper), kAuth},
      {std::string(reason::kUpstreamThrottled), kThrottled},
      {std::string(reason::kUpstreamConflict), kConflict},
      {std::string(reason::kConnectorInUse), kConflict},
      {std::string(reason::kSourceInvalid), kSource},
      {std::string(reason::kSourceUnreadable), kSource},
      {std::string(reason::kSourceAmbiguous), kSource},
      {std::string(reason::kSourceChanged), kSource},
      {std::string(reason::kDigestMismatch), kSource},
  };
  const auto it = kByReason.find(ReasonOf(status));
  return it != kByReason.end() ? it->second : OfCode(status.code());
}

const char* ExitCodeHelp() {
  return "Exit codes: 0 done; 1 other failure; 2 wrong usage; 3 login refused; 4 not found;\n"
         "  5 not allowed; 6 daemon or registry not reachable; 7 throttled; 8 integrity;\n"
         "  9 conflict; 10 quota or overload; 11 broken source image; 12 verify found a fault;\n"
         "  130 cancelled by Ctrl-C.";
}

}  // namespace gantry::cli

// Credentials that a cloud's own tools have left on this machine, for --auto-configure.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>

#include "base/call_context.h"
#include "oci/environment.h"

namespace gantry::cli {

// What is registered: an auth method of the connector type, its fields, and when it ends.
struct LocalLogin {
  std::string auth_method;
  std::map<std::string, std::string> fields;
  std::optional<WallTime> expires;
};

// What is wanted of it: the connector's type, and where that says more, the auth method, the profile
// of AWS's files, and a role to assume.
struct LocalLoginQuery {
  std::string type, method, profile, role_arn;
};

// Looks where the cloud's tools look:
//   aws     see aws_local_login.h
//   gcp     GOOGLE_APPLICATION_CREDENTIALS, then gcloud's application default credentials
//   azure   a token of `az account get-access-token`, which ends within the hour or so
// NOT_FOUND SOURCE_NOT_FOUND when there is nothing; INVALID_ARGUMENT for other types, and for a
// method that is not the one of what was found.
absl::StatusOr<LocalLogin> FindLocalLogin(const CallContext& call, const Environment& environment,
                                          const LocalLoginQuery& query);

// The content of such a tool's file; nothing when there is none.
std::optional<std::string> ReadToolFile(const std::string& path);

}  // namespace gantry::cli

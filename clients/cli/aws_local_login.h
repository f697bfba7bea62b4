// What the AWS command line's files and variables make of a connector, for --auto-configure.
#pragma once

#include <string>

#include "clients/cli/local_login.h"

namespace gantry::cli {

// AWS_* variables, then the profile of AWS_PROFILE in the shared credentials and config files; a
// profile that is asked for goes before both.
//   long-lived keys    "iam-role" where a role is asked for, else "session-token", which lends
//                      temporary ones; the query's method may ask for another
//   keys of a session  "sts-token", whatever was asked for: they are good for nothing else
//   a role             "iam-role" with the keys of its source; another method takes those alone
// Methods "implicit" and "web-identity" name what the daemon's machine has, so they take no keys.
// Region and endpoints come along, as AWS's SDKs would take them.
//   NOT_FOUND SOURCE_NOT_FOUND         there is nothing
//   INVALID_ARGUMENT SOURCE_INVALID    there is something that a connector cannot hold: it needs a
//                                      person, a program, or this very machine
absl::StatusOr<LocalLogin> FindAwsLogin(const Environment& environment,
                                        const LocalLoginQuery& query);

}  // namespace gantry::cli

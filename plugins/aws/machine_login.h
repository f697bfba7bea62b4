// The daemon's own identity at AWS, as the AWS SDKs find it: environment, profile, web identity,
// container, instance.
#pragma once

#include <string>

#include "plugins/aws/sts.h"

namespace gantry::aws {

// A login by a role that a token from a file vouches for: IRSA of EKS, and what is like it.  What
// is empty in `session` and `token_file` comes from AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME and
// AWS_WEB_IDENTITY_TOKEN_FILE; the file is read anew each time, since the kubelet replaces it.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   nothing names the role or the file
sdk::Status WebIdentityLogin(const sdk::Call& call, const Sts& sts, SessionRequest session,
                             std::string token_file, sdk::AwsKeys& keys);

// Keys that the machine has, or a role of its AWS profile gives; `profile` empty: AWS_PROFILE or
// "default".  A `policy` narrows keys that are a role's.  Sets `narrowed` when it did.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE   there is no identity, or one that a daemon cannot use
sdk::Status MachineLogin(const sdk::Call& call, const Sts& sts, const std::string& profile,
                         const std::string& policy, sdk::AwsKeys& keys, bool& narrowed);

}  // namespace gantry::aws

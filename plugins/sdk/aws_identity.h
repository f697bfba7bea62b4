// The identity that AWS gives the daemon's machine, found where the AWS SDKs look for it:
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include "plugins/sdk/call.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::sdk {

// Each of the first three leaves `keys` empty when the machine has no identity of that kind.
// Nothing is kept: whoever calls keeps the keys for as long as they live.
//   PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED   the operator does not allow any of it
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE             the environment says what cannot be

// AWS_ACCESS_KEY_ID and its companions.
Status AwsKeysOfEnvironment(const Call& call, AwsKeys& keys);

// The role of an ECS task, or of a pod by EKS Pod Identity: AWS_CONTAINER_CREDENTIALS_….
//   FAILED_PRECONDITION or UNAVAILABLE UPSTREAM_…  its endpoint gives no keys
Status AwsKeysOfContainer(const Call& call, AwsKeys& keys);

// The role of an EC2 instance, by its metadata service: by IMDSv2, and never by IMDSv1.
//   UNAVAILABLE UPSTREAM_UNAVAILABLE               the service does not answer
Status AwsKeysOfInstance(const Call& call, AwsKeys& keys);

// The first of the three that there is.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE             none
Status AwsKeysOfMachine(const Call& call, AwsKeys& keys);

// AWS_REGION, else AWS_DEFAULT_REGION; empty without both.
Status AwsRegionOfEnvironment(const Call& call, std::string& region);

// The same, else the region of the EC2 instance.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE             neither
Status AwsRegionOfMachine(const Call& call, std::string& region);

}  // namespace gantry::sdk

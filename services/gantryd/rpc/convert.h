// Records of the daemon and messages of the API, into each other.
#pragma once

#include <absl/status/statusor.h>
#include <gantry/v1/flavor.pb.h>
#include <gantry/v1/image.pb.h>
#include <gantry/v1/orchestrator.pb.h>
#include <gantry/v1/pull_credential.pb.h>
#include <gantry/v1/registry.pb.h>
#include <gantry/v1/service_connector.pb.h>

#include <string>
#include <vector>

#include "base/strings.h"
#include "gantryd/connectors/connector_manager.h"
#include "gantryd/credentials/pull_credential.h"
#include "gantryd/images/image_manager.h"
#include "gantryd/orchestrators.h"
#include "gantryd/registries/registry_manager.h"

namespace gantry {

google::protobuf::Timestamp ToProto(WallTime time);
// `answer` with what the flavor has to say about it.
template <class Message>
Message WithWarnings(Message answer, const std::vector<std::string>& warnings) {
  for (const std::string& text : warnings) answer.add_warnings(ScrubUtf8(text));
  return answer;
}
// JSON text as a Struct; an empty one for anything but an object.
google::protobuf::Struct StructOf(const std::string& json);
std::string JsonOf(const google::protobuf::Struct& value);
// The version an etag stands for, 0 for "any".  INVALID_ARGUMENT for what was never an etag.
absl::StatusOr<int64_t> VersionOf(const std::string& etag);

v1::Flavor ToProto(const FlavorInfo& info);
v1::Registry ToProto(const RegistryRecord& record);
absl::StatusOr<RegistryRecord> FromProto(const v1::Registry& registry);
v1::DiagnosticCheck ToProto(const DiagnosticCheck& check);
v1::ServiceConnector ToProto(const ConnectorRecord& record);
absl::StatusOr<ConnectorInput> FromProto(const v1::ServiceConnector& connector);
// `implicit_allowed`: whether the operator allows methods that use the daemon's own identity.
v1::ConnectorType ToProto(const ConnectorTypeView& type, bool implicit_allowed);
v1::ConnectorResource ToProto(const Resource& resource);
v1::Orchestrator ToProto(const OrchestratorInfo& orchestrator);
// With the credential in all its forms; `secret_name` is that of the Kubernetes Secret.
v1::PullCredential ToProto(const PullCredential& credential, const std::string& secret_name,
                           const std::string& name_space);
v1::ConnectorVerification ToProto(const VerificationResult& result);
v1::Image ToProto(const ImageView& image);

}  // namespace gantry

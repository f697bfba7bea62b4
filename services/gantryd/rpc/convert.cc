#include "gantryd/rpc/convert.h"

#include <google/protobuf/util/json_util.h>

#include "base/status.h"

namespace gantry {
namespace {

v1::Orchestrator::RegistryNeed ToProto(RegistryNeed need) {
  switch (need) {
    case RegistryNeed::kRequired:
      return v1::Orchestrator::REGISTRY_NEED_REQUIRED;
    case RegistryNeed::kNone:
      return v1::Orchestrator::REGISTRY_NEED_NONE;
    case RegistryNeed::kConditional:
      return v1::Orchestrator::REGISTRY_NEED_CONDITIONAL;
  }
  return v1::Orchestrator::REGISTRY_NEED_UNSPECIFIED;
}

v1::ConnectorVerification::State ToProto(Verification state) {
  switch (state) {
    case Verification::kNone: return v1::ConnectorVerification::STATE_UNSPECIFIED;
    case Verification::kAccepted: return v1::ConnectorVerification::STATE_ACCEPTED;
    case Verification::kRejected: return v1::ConnectorVerification::STATE_REJECTED;
    case Verification::kUnreachable: return v1::ConnectorVerification::STATE_UNREACHABLE;
    case Verification::kSkipped: return v1::ConnectorVerification::STATE_SKIPPED;
  }
  return v1::ConnectorVerification::STATE_UNSPECIFIED;
}

v1::DiagnosticCheck::Outcome ToProto(DiagnosticCheck::Outcome outcome) {
  switch (outcome) {
    case DiagnosticCheck::Outcome::kPassed: return v1::DiagnosticCheck::OUTCOME_PASSED;
    case DiagnosticCheck::Outcome::kWarning: return v1::DiagnosticCheck::OUTCOME_WARNING;
    case DiagnosticCheck::Outcome::kFailed: return v1::DiagnosticCheck::OUTCOME_FAILED;
    case DiagnosticCheck::Outcome::kSkipped: return v1::DiagnosticCheck::OUTCOME_SKIPPED;
  }
  return v1::DiagnosticCheck::OUTCOME_UNSPECIFIED;
}

}  // namespace

google::protobuf::Timestamp ToProto(WallTime time) {
  google::protobuf::Timestamp out;
  // As the store keeps it, so that an answer shows the same time before and after.
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch());
  out.set_seconds(since.count() / 1'000'000);
  out.set_nanos(static_cast<int32_t>(since.count() % 1'000'000 * 1'000));
  return out;
}

google::protobuf::Struct StructOf(const std::string& json) {
  google::protobuf::Struct value;
  if (!google::protobuf::util::JsonStringToMessage(json, &value).ok()) value.Clear();
  return value;
}

std::string JsonOf(const google::protobuf::Struct& value) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(value, &json).ok()) return "{}";
  return json;
}

absl::StatusOr<int64_t> VersionOf(const std::string& etag) {
  if (etag.empty()) return 0;
  const bool number = etag.size() < 18 && etag.find_first_not_of("0123456789") == etag.npos;
  if (number && etag != "0") return std::stoll(etag);
  return InvalidArgument(reason::kInvalidArgument, "'{}' is not an etag of this daemon",
                         Excerpt(etag, 100))
      .Remedy("give back the etag as it was read, or none");
}

v1::Flavor ToProto(const FlavorInfo& info) {
  v1::Flavor out;
  out.set_name(info.name);
  out.set_file(info.file);
  out.set_sha256(info.sha256);
  if (!info.load_error.empty()) {
    out.set_state(v1::Flavor::STATE_FAILED);
    out.set_load_error(info.load_error);
    return out;
  }
  out.set_state(v1::Flavor::STATE_LOADED);
  out.set_version(info.version);
  out.set_display_name(info.display_name);
  out.set_best_for(info.best_for);
  out.set_features(info.features);
  out.set_cost(info.cost);
  out.set_uri_form(info.uri_form);
  out.set_uri_example(info.uri_example);
  for (const ConnectorTypeInfo& type : info.connector_types) {
    for (const AuthMethodInfo& method : type.auth_methods) {
      out.add_auth_methods(type.type + "/" + method.name);
    }
  }
  *out.mutable_config_schema() = StructOf(info.config_schema_json);
  for (const std::string& capability : info.capabilities) out.add_capabilities(capability);
  return out;
}

v1::Registry ToProto(const RegistryRecord& record) {
  v1::Registry out;
  out.set_name(record.name);
  out.set_flavor(record.flavor);
  out.set_uri(record.uri);
  out.set_default_repository(record.default_repository);
  out.set_connector(record.connector);
  out.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  if (record.config_json != "{}") *out.mutable_config() = StructOf(record.config_json);
  v1::Transport& transport = *out.mutable_transport();
  transport.set_plain_http(record.plain_http);
  transport.set_skip_tls_verify(record.skip_tls_verify);
  transport.set_ca_certificate(record.ca_certificate);
  transport.set_client_certificate(record.client_certificate);
  *out.mutable_create_time() = ToProto(record.create_time);
  *out.mutable_update_time() = ToProto(record.update_time);
  out.set_etag(std::to_string(record.version));
  return out;
}

absl::StatusOr<RegistryRecord> FromProto(const v1::Registry& registry) {
  RegistryRecord out;
  out.name = registry.name();
  out.flavor = registry.flavor();
  out.uri = registry.uri();
  out.default_repository = registry.default_repository();
  out.connector = registry.connector();
  out.labels = Labels(registry.labels().begin(), registry.labels().end());
  out.config_json = JsonOf(registry.config());
  out.plain_http = registry.transport().plain_http();
  out.skip_tls_verify = registry.transport().skip_tls_verify();
  out.ca_certificate = registry.transport().ca_certificate();
  out.client_certificate = registry.transport().client_certificate();
  out.client_key = Secret(registry.transport().client_key());
  GANTRY_ASSIGN_OR_RETURN(out.version, VersionOf(registry.etag()));
  return out;
}

v1::DiagnosticCheck ToProto(const DiagnosticCheck& check) {
  v1::DiagnosticCheck out;
  out.set_name(ScrubUtf8(check.name));
  out.set_outcome(ToProto(check.outcome));
  out.set_message(ScrubUtf8(check.message));
  out.set_remedy(ScrubUtf8(check.remedy));
  return out;
}

v1::ServiceConnector ToProto(const ConnectorRecord& record) {
  v1::ServiceConnector out;
  out.set_name(record.name);
  out.set_type(record.type);
  out.set_auth_method(record.auth_method);
  out.set_description(record.description);
  *out.mutable_config() = StructOf(record.config_json);
  out.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  for (const auto& [name, secret] : record.secrets) out.add_secret_fields(name);
  if (record.verification != Verification::kNone) {
    *out.mutable_verification() =
        ToProto(VerificationResult{.state = record.verification,
                                   .message = record.verification_message,
                                   .registry_host = record.verification_host,
                                   .time = record.verification_time});
  }
  out.set_resource_id(record.resource_id);
  if (record.expires) *out.mutable_expire_time() = ToProto(*record.expires);
  if (record.expires || record.expires_skew_tolerance != kSkewTolerance) {
    out.mutable_expires_skew_tolerance()->set_seconds(record.expires_skew_tolerance.count());
  }
  *out.mutable_create_time() = ToProto(record.create_time);
  *out.mutable_update_time() = ToProto(record.update_time);
  out.set_etag(std::to_string(record.version));
  return out;
}

absl::StatusOr<ConnectorInput> FromProto(const v1::ServiceConnector& connector) {
  ConnectorInput out;
  out.name = connector.name();
  out.type = connector.type();
  out.auth_method = connector.auth_method();
  out.description = connector.description();
  out.labels = Labels(connector.labels().begin(), connector.labels().end());
  out.config_json = Secret(JsonOf(connector.config()));
  if (connector.has_expire_time()) {
    out.expires = WallTimeOf(connector.expire_time().seconds());
  }
  if (connector.has_expires_skew_tolerance()) {
    out.expires_skew_tolerance = std::chrono::seconds(connector.expires_skew_tolerance().seconds());
  }
  out.resource_id = connector.resource_id();
  GANTRY_ASSIGN_OR_RETURN(out.version, VersionOf(connector.etag()));
  return out;
}

v1::ConnectorType ToProto(const ConnectorTypeView& type, bool implicit_allowed) {
  v1::ConnectorType out;
  out.set_type(type.info.type);
  out.set_display_name(type.info.display_name);
  out.set_description(type.info.description);
  for (const AuthMethodInfo& method : type.info.auth_methods) {
    v1::AuthMethod& m = *out.add_auth_methods();
    m.set_name(method.name);
    m.set_display_name(method.display_name);
    *m.mutable_config_schema() = StructOf(method.config_schema_json);
    m.set_implicit(method.implicit);
    m.set_allowed(!method.implicit || implicit_allowed);
  }
  for (const std::string& flavor : type.flavors) out.add_flavors(flavor);
  return out;
}

v1::ConnectorVerification ToProto(const VerificationResult& result) {
  v1::ConnectorVerification out;
  out.set_state(ToProto(result.state));
  out.set_message(ScrubUtf8(result.message));
  out.set_registry_host(result.registry_host);
  *out.mutable_time() = ToProto(result.time);
  return out;
}

v1::ConnectorResource ToProto(const Resource& resource) {
  v1::ConnectorResource out;
  out.set_uri(resource.uri);
  out.set_description(ScrubUtf8(resource.description));
  return out;
}

v1::Orchestrator ToProto(const OrchestratorInfo& orchestrator) {
  v1::Orchestrator out;
  out.set_name(std::string(orchestrator.name));
  out.set_display_name(std::string(orchestrator.display_name));
  out.set_registry_need(ToProto(orchestrator.need));
  out.set_note(std::string(orchestrator.note));
  if (!orchestrator.flavor.empty()) out.add_flavors(std::string(orchestrator.flavor));
  return out;
}

v1::PullCredential ToProto(const PullCredential& credential, const std::string& secret_name,
                           const std::string& name_space) {
  v1::PullCredential out;
  out.set_registry(credential.registry);
  out.set_registry_host(credential.registry_host);
  out.set_repository(credential.repository);
  out.set_username(credential.username);
  out.set_password(std::string(credential.password.Reveal()));
  out.set_docker_config_json(std::string(DockerConfigJson(credential).Reveal()));
  out.set_kubernetes_secret(
      std::string(KubernetesSecret(credential, secret_name, name_space).Reveal()));
  if (credential.expires) *out.mutable_expire_time() = ToProto(*credential.expires);
  out.set_long_lived(credential.long_lived);
  out.set_read_only(credential.read_only);
  out.set_one_repository(credential.one_repository);
  return out;
}

v1::Image ToProto(const ImageView& image) {
  v1::Image out;
  out.set_registry(image.registry);
  out.set_uri(image.uri);
  out.set_digest_uri(image.digest_uri);
  out.set_digest(image.digest);
  out.set_media_type(ScrubUtf8(image.media_type));
  out.set_repository(image.repository);
  for (const std::string& tag : image.tags) out.add_tags(ScrubUtf8(tag));
  if (image.size_bytes > 0) out.set_size_bytes(image.size_bytes);
  for (const std::string& platform : image.platforms) out.add_platforms(ScrubUtf8(platform));
  if (image.pushed) *out.mutable_push_time() = ToProto(*image.pushed);
  return out;
}

}  // namespace gantry

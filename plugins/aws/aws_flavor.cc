// Amazon ECR: tokens instead of passwords, and repositories that want to be created first.
#include <string>
#include <utility>

#include "flavor_data.h"
#include "plugins/aws/check_config.h"
#include "plugins/aws/diagnosis.h"
#include "plugins/aws/ecr_api.h"
#include "plugins/aws/login.h"
#include "plugins/aws/repositories.h"
#include "plugins/aws/resources.h"
#include "plugins/sdk/table.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::Config;
using sdk::Credential;
using sdk::Findings;
using sdk::MakeError;
using sdk::Ok;
using sdk::Plan;
using sdk::Status;
using sdk::Target;

constexpr char kUser[] = "AWS";

class AwsFlavor final : public sdk::Flavor {
 public:
  AwsFlavor(const gantry_host& host, Config config)
      : Flavor(host, std::move(config)), login_(this->config()) {}
  static constexpr uint32_t kCapabilities =
      Flavor::kCapabilities | GANTRY_CAN_DIAGNOSE | GANTRY_CAN_VERIFY | GANTRY_CAN_LIST_RESOURCES;

  static Status ValidateConfig(Call&, const Config& config, Findings& findings) {
    CheckConfig(config, findings);
    return Ok();
  }

  Status Authenticate(Call& call, const Target& target, uint32_t actions,
                      Credential& credential) override {
    credential.registry_host = target.registry_host;
    if (!config().has_connector()) return Ok();
    const EcrApi api = ApiOf(RegistryOf(target));
    const bool hand_out = (actions & GANTRY_HAND_OUT) != 0;
    EcrToken token;
    bool narrowed = false;
    const auto get_token = [&](const AwsKeys& keys) {
      return api.GetAuthorizationToken(call, keys, token);
    };
    GANTRY_FLAVOR_TRY(
        hand_out ? login_.WithPullKeys(call, api.registry(), Pulled(target), get_token, narrowed)
                 : login_.WithKeys(call, api.registry(), get_token));

    credential.expires_unix_ms = token.expires_unix_ms;
    // The public registry takes the token as it is, and refuses the user name with it; docker and
    // its like exchange them at its token service.
    if (api.registry().is_public && !hand_out) {
      credential.scheme = GANTRY_AUTH_BEARER;
      credential.secret = std::move(token.encoded);
    } else {
      credential.scheme = GANTRY_AUTH_BASIC;
      credential.username = kUser;
      credential.secret = std::move(token.password);
    }
    credential.read_only = narrowed;
    // Who is logged in to the public registry may pull all that it has.
    credential.one_repository = narrowed && !target.repository.empty() && !api.registry().is_public;
    return Ok();
  }

  // Whole blobs: of a blob sent in parts, ECR does not say how much of it has arrived; and where a
  // proxy wants parts, ECR takes none below 5 MiB but the last.
  Status PreparePush(Call& call, Plan& plan) override {
    const EcrHost registry = RegistryOf(plan.target);
    const std::string fault = NameFault(registry, plan.target.repository);
    if (!fault.empty()) {
      return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_REFERENCE",
                       "\"" + plan.target.repository + "\" cannot be a repository: " + fault,
                       "Rename the image.");
    }
    plan.upload = GANTRY_UPLOAD_MONOLITHIC;
    plan.no_range = true;
    plan.min_part_bytes = 5 << 20;
    if (!config().fields()["create_repository"].Boolean() || !config().has_connector()) return Ok();
    const std::string name = ApiName(registry, plan.target.repository);
    return login_.WithKeys(call, registry, [&](const AwsKeys& keys) {
      return EnsureRepository(call, ApiOf(registry), keys, name, config().fields(),
                              plan.new_repository);
    });
  }

  Status List(Call& call, const Target& target, const std::string& page_token, uint32_t page_size,
              sdk::Page& page) override {
    if (!config().has_connector()) return Flavor::List(call, target, page_token, page_size, page);
    const EcrHost registry = RegistryOf(target);
    return login_.WithKeys(call, registry, [&](const AwsKeys& keys) {
      return ListImages(call, ApiOf(registry), keys, target, page_token, page_size, page);
    });
  }

  // ECR deletes through its API alone.
  Status Remove(Call& call, const Target& target) override {
    if (!config().has_connector()) return Flavor::Remove(call, target);
    const EcrHost registry = RegistryOf(target);
    Target image = target;
    if (image.digest.empty()) GANTRY_FLAVOR_TRY(ResolveTag(call, target, image.digest));
    return login_.WithKeys(call, registry, [&](const AwsKeys& keys) {
      return DeleteImage(call, ApiOf(registry), keys, image);
    });
  }

  Status Diagnose(Call& call, const Target& target, Findings& findings) override {
    const auto registry = EcrHost::Parse(config().host());
    if (!registry || !config().has_connector()) return Ok();
    const Sts sts = login_.StsOf(*registry);
    return login_.WithKeys(call, *registry, [&](const AwsKeys& keys) {
      return DiagnoseRegistry(call, config(), keys, sts, ApiOf(*registry), target.repository,
                              findings);
    });
  }

  Status Verify(Call& call, Findings& findings) override {
    EcrHost registry;
    GANTRY_FLAVOR_TRY(FindRegistry(call, config(), registry));
    Caller caller;
    EcrToken token;
    GANTRY_FLAVOR_TRY(login_.WithKeys(call, registry, [&](const AwsKeys& keys) {
      const Status known = login_.StsOf(registry).GetCallerIdentity(call, keys, caller);
      return known.ok() ? ApiOf(registry).GetAuthorizationToken(call, keys, token) : known;
    }));
    findings.push_back({GANTRY_INFO, "identity", "", caller.arn, ""});
    return Ok();
  }

  Status ListResources(Call& call, const std::string& page_token,
                       sdk::ResourcePage& page) override {
    EcrHost registry;
    GANTRY_FLAVOR_TRY(FindRegistry(call, config(), registry));
    return login_.WithKeys(call, registry, [&](const AwsKeys& keys) {
      return aws::ListResources(call, keys, login_.StsOf(registry), ApiOf(registry), page_token,
                                page);
    });
  }

 private:
  // The configuration was checked: its host is one of ECR, and so are all targets.
  static EcrHost RegistryOf(const Target& target) {
    return EcrHost::Parse(target.registry_host).value_or(EcrHost());
  }

  // The repository, or a pattern of all that belong to this registry.
  std::string Pulled(const Target& target) const {
    if (!target.repository.empty()) return target.repository;
    return config().path().empty() ? "*" : config().path() + "/*";
  }

  EcrApi ApiOf(EcrHost registry) const {
    return {std::move(registry), Endpoints::Of(config())};
  }

  AwsLogin login_;
};

}  // namespace
}  // namespace gantry::aws

GANTRY_FLAVOR(gantry::aws::AwsFlavor)

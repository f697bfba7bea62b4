// Google: Artifact Registry, and the gcr.io hosts that it has taken over.
#include <string>

#include "flavor_data.h"
#include "plugins/gcp/access_check.h"
#include "plugins/gcp/endpoints.h"
#include "plugins/gcp/google_api.h"
#include "plugins/gcp/image_list.h"
#include "plugins/gcp/image_removal.h"
#include "plugins/gcp/login.h"
#include "plugins/gcp/resource_list.h"
#include "plugins/gcp/token_info.h"
#include "plugins/sdk/expiring_cache.h"
#include "plugins/sdk/new_repository.h"
#include "plugins/sdk/table.h"

namespace gantry::gcp {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::Credential;
using sdk::Findings;
using sdk::MakeError;
using sdk::Ok;
using sdk::Plan;
using sdk::Status;
using sdk::Target;

class GcpFlavor final : public sdk::Flavor {
 public:
  using Flavor::Flavor;
  static constexpr uint32_t kCapabilities =
      Flavor::kCapabilities | GANTRY_CAN_DIAGNOSE | GANTRY_CAN_VERIFY | GANTRY_CAN_LIST_RESOURCES;

  static Status ValidateConfig(Call& call, const Config& config, Findings& findings) {
    if (!config.uri().empty()) {
      RepositoryName name;
      const Status parsed = ParseRepository(config.host(), config.path(), name);
      if (!parsed.ok()) {
        findings.push_back({GANTRY_ERROR, "uri", "uri", parsed.message, parsed.remedy});
      }
    }
    return Flavor::ValidateConfig(call, config, findings);
  }

  // The registry takes an access token for a password.
  Status Authenticate(Call& call, const Target& target, uint32_t actions,
                      Credential& credential) override {
    const bool hand_out = (actions & GANTRY_HAND_OUT) != 0;
    const bool is_password = config().connector_type() != "gcp";
    // The key behind a password stays here: what leaves is a token made with it.
    if (is_password && !(hand_out && GivesAccessToken(config()))) {
      return Flavor::Authenticate(call, target, actions, credential);
    }
    AccessToken token;
    GANTRY_FLAVOR_TRY(GetToken(call, hand_out ? kReadOnlyScope : kFullScope, token));
    credential.scheme = GANTRY_AUTH_BASIC;
    credential.registry_host = target.registry_host;
    credential.username = "oauth2accesstoken";
    credential.secret = std::move(token.value);
    credential.expires_unix_ms = token.expires_unix_ms;
    // Google narrows a token by what it does, never to one repository.
    credential.read_only = token.read_only;
    return Ok();
  }

  // Artifact Registry takes whole blobs only.
  Status PreparePush(Call& call, Plan& plan) override {
    const Target& target = plan.target;
    RepositoryName name;
    GANTRY_FLAVOR_TRY(ParseRepository(target.registry_host, target.repository, name));
    if (name.image.empty()) {
      return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_REFERENCE",
                       "the image's name is missing: \"" + target.repository + "\" is the " +
                           (name.id == target.registry_host ? "project" : "repository") + " alone",
                       "Append a name: " + target.repository + "/app.");
    }
    plan.upload = GANTRY_UPLOAD_MONOLITHIC;
    if (!config().fields()["create_repository"].Boolean()) return Ok();
    return CreateIfMissing(call, name, plan);
  }

  Status List(Call& call, const Target& target, const std::string& page_token, uint32_t page_size,
              sdk::Page& page) override {
    RepositoryName name;
    if (!IsKnownToApi(target, name) || (!page_token.empty() && !IsImagePage(page_token))) {
      return Flavor::List(call, target, page_token, page_size, page);
    }
    const Status listed = WithApi(call, [&](const ArtifactRegistry& api, const AccessToken&) {
      return ListImages(api, name, target, page_token, page_size, page);
    });
    if (!page_token.empty() || !MayAskRegistry(listed)) return listed;
    call.Log(GANTRY_INFO, "the registry itself lists the tags; " + listed.message);
    return Flavor::List(call, target, page_token, page_size, page);
  }

  Status Remove(Call& call, const Target& target) override {
    Target image = target;
    if (image.digest.empty()) GANTRY_FLAVOR_TRY(sdk::ResolveTag(call, target, image.digest));
    image.tag.clear();
    std::vector<std::string> tags;
    GANTRY_FLAVOR_TRY(TagsOf(call, image, tags));
    return RemoveImage(call, image, tags);
  }

  // Rights are those of the repository that the URI names, whatever the image below it.
  Status Diagnose(Call& call, const Target&, Findings& findings) override {
    RepositoryName name;
    GANTRY_FLAVOR_TRY(ParseRepository(config().host(), config().path(), name));
    if (!GivesAccessToken(config())) return Ok();
    return WithApi(call, [&](const ArtifactRegistry& api, const AccessToken& token) {
      return CheckAccess(call, config(), api, token, name, findings);
    });
  }

  Status Verify(Call& call, Findings& findings) override {
    if (!GivesAccessToken(config())) return Flavor::Verify(call, findings);
    AccessToken token;
    GANTRY_FLAVOR_TRY(FetchAccessToken(call, config(), kFullScope, token));
    // A token that somebody has typed in proves nothing until Google has seen it.
    if (!token.looked_up && (token.identity.empty() || IsGivenToken())) {
      GANTRY_FLAVOR_TRY(LookUpToken(call, Endpoints::Of(config()), token));
    }
    findings.push_back({GANTRY_INFO, "identity", "",
                        token.identity.empty() ? "a login of Google" : token.identity, ""});
    return Ok();
  }

  Status ListResources(Call& call, const std::string& page_token,
                       sdk::ResourcePage& page) override {
    if (!GivesAccessToken(config())) return Flavor::ListResources(call, page_token, page);
    return WithApi(call, [&](const ArtifactRegistry& api, const AccessToken& token) {
      std::string project = config().connector_fields()["project_id"].Text();
      if (project.empty()) project = token.project;
      if (!IsProject(project)) {
        return sdk::ConnectorUnusable("the credential does not say which project is to be listed",
                                      "Update the connector with --project_id.");
      }
      page = {};
      return ListRegistries(api, call, project, page_token, page);
    });
  }

 private:
  using ApiToken = sdk::ExpiringCache<AccessToken>::Entry;

  bool IsGivenToken() const { return config().auth_method() == "oauth2-token"; }

  // For the registry.  The only one of a connector that was given it is the one for the APIs; when
  // it ends, Google need not be asked for each repository anew.
  Status GetToken(const Call& call, std::string_view scope, AccessToken& token) {
    if (!IsGivenToken()) return FetchAccessToken(call, config(), scope, token);
    ApiToken kept;
    const auto fetch = [&](ApiToken& fetched) { return FetchApiToken(call, fetched); };
    GANTRY_FLAVOR_TRY(api_tokens_.Get(call, "", fetch, kept));
    token.value = sdk::Secret(kept.value->value.Reveal());
    token.expires_unix_ms = kept.expires_unix_ms;
    return Ok();
  }

  // For requests to Google's APIs; the registry's own are the host's to keep.
  Status FetchApiToken(const Call& call, ApiToken& fetched) const {
    auto made = std::make_shared<AccessToken>();
    GANTRY_FLAVOR_TRY(FetchAccessToken(call, config(), kFullScope, *made));
    fetched.expires_unix_ms = made->expires_unix_ms;
    fetched.value = std::move(made);
    return Ok();
  }

  // Runs `use` with the API, and once more with a new token where Google has ended the kept one
  // before its time.
  template <class Use>
  Status WithApi(const Call& call, Use&& use) {
    const std::string endpoint = Endpoints::Of(config()).artifact_registry;
    const auto is_refused = [](const Status& s) { return s.reason == "UPSTREAM_AUTH_REJECTED"; };
    const auto fetch = [&](ApiToken& fetched) { return FetchApiToken(call, fetched); };
    return api_tokens_.With(call, "", fetch, is_refused, [&](const ApiToken& token) {
      return use(ArtifactRegistry(call, endpoint, *token.value), *token.value);
    });
  }

  // Whether the API can be asked about images of the target, which has there that name.
  bool IsKnownToApi(const Target& target, RepositoryName& name) const {
    return GivesAccessToken(config()) &&
           ParseRepository(target.registry_host, target.repository, name).ok() &&
           !name.image.empty();
  }

  Status TagsOf(const Call& call, const Target& image, std::vector<std::string>& tags) {
    RepositoryName name;
    if (!IsKnownToApi(image, name)) return ListTagsOf(call, image, tags);
    const Status shown = WithApi(call, [&](const ArtifactRegistry& api, const AccessToken&) {
      return api.ListTags(name, image.digest, tags);
    });
    return MayAskRegistry(shown) ? ListTagsOf(call, image, tags) : shown;
  }

  Status CreateIfMissing(Call& call, const RepositoryName& name, Plan& plan) {
    if (!GivesAccessToken(config())) {
      return sdk::ConnectorUnusable(
          "create_repository needs a login at Google's API, which this registry's "
          "connector is not",
          "Link a connector of type gcp, or unset create_repository.");
    }
    return WithApi(call, [&](const ArtifactRegistry& api, const AccessToken&) {
      const auto look = [&] {
        Repository found;
        return api.Get(name, found);
      };
      const auto create = [&] {
        return api.Create(name, RepositorySettings::Of(config().fields()));
      };
      GANTRY_FLAVOR_TRY(
          sdk::CreateUnlessThere(call, look, create, LacksRight, plan.new_repository));
      if (plan.new_repository) call.Log(GANTRY_INFO, "created " + name.Resource());
      return Ok();
    });
  }

  sdk::ExpiringCache<AccessToken> api_tokens_;
};

}  // namespace
}  // namespace gantry::gcp

GANTRY_FLAVOR(gantry::gcp::GcpFlavor)

// GitHub's container registry: one token opens all of an owner's packages, and only of some kinds.
#include "flavor_data.h"
#include "plugins/github/scopes.h"
#include "plugins/github/site.h"
#include "plugins/github/token_kind.h"
#include "plugins/sdk/pull_check.h"
#include "plugins/sdk/table.h"

namespace gantry::github {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::Credential;
using sdk::Findings;
using sdk::MakeError;
using sdk::Ok;
using sdk::Secret;
using sdk::Status;
using sdk::Target;

class GitHubFlavor final : public sdk::Flavor {
 public:
  using Flavor::Flavor;
  static constexpr uint32_t kCapabilities =
      uint32_t{GANTRY_CAN_PUSH} | GANTRY_CAN_LIST | GANTRY_CAN_DIAGNOSE;

  static Status ValidateConfig(Call& call, const Config& config, Findings& findings) {
    if (config.uri().empty()) return Ok();  // a docker connector alone
    CheckUri(config, findings);
    return Flavor::ValidateConfig(call, config, findings);
  }

  // GitHub has nothing that lives shorter or reaches less than the token itself; so that is what is
  // handed out too, with an end that is not known, for the host to judge.
  Status Authenticate(Call& call, const Target& target, uint32_t actions,
                      Credential& credential) override {
    GANTRY_FLAVOR_TRY(Flavor::Authenticate(call, target, actions, credential));
    return CheckKind(credential.secret);
  }

  Status Remove(Call&, const Target&) override {
    return MakeError(GANTRY_UNIMPLEMENTED, "FLAVOR_UNSUPPORTED",
                     "GitHub's registry deletes nothing; it has package versions for that",
                     "Delete the version on the package's page on GitHub.");
  }

  Status Diagnose(Call& call, const Target& target, Findings& findings) override {
    if (config().has_connector()) GANTRY_FLAVOR_TRY(CheckToken(call, findings));
    return CheckPull(call, target, findings);
  }

 private:
  Status CheckToken(Call& call, Findings& findings) const {
    const auto site = SiteOf(config().host());
    if (!site) return Ok();
    Secret token;
    GANTRY_FLAVOR_TRY(call.ReadSecret("password", token));
    const TokenKind& kind = TokenKindOf(token.Reveal());
    findings.push_back(
        {GANTRY_INFO, "token-kind", "", "the connector holds " + std::string(kind.name), ""});
    return kind.has_scopes ? CheckScopes(call, *site, token.Reveal(), findings) : Ok();
  }

  // Before any request: the registry says no more than "denied".
  static Status CheckKind(const Secret& token) {
    const TokenKind& kind = TokenKindOf(token.Reveal());
    if (kind.opens_packages) return Ok();
    return MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_AUTH_REJECTED",
                     "the connector holds " + std::string(kind.name) +
                         ", and GitHub's registry takes none of that kind",
                     "Use a classic personal access token with write:packages, or a workflow's "
                     "GITHUB_TOKEN.");
  }
};

}  // namespace
}  // namespace gantry::github

GANTRY_FLAVOR(gantry::github::GitHubFlavor)

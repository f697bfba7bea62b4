#include "gantryd/registries/open_registry.h"

#include <mutex>
#include <utility>

#include "base/status.h"
#include "gantryd/flavors/flavor_error.h"
#include "gantryd/registries/connector_session.h"
#include "gantryd/registries/flavor_credentials.h"
#include "gantryd/registries/instance_config.h"
#include "gantryd/registries/transport.h"

namespace gantry {

// Notes that somebody asked: RegistryAuth does so only after the registry has wanted a login.
class OpenRegistry::WatchedCredentials final : public CredentialProvider {
 public:
  explicit WatchedCredentials(std::shared_ptr<CredentialProvider> credentials)
      : credentials_(std::move(credentials)) {}
  absl::StatusOr<Credential> Get(const CallContext& call, const std::string& host,
                                 const std::string& repository, Actions actions,
                                 bool refresh) override {
    wanted_ = true;
    auto credential = credentials_->Get(call, host, repository, actions, refresh);
    std::lock_guard lock(mu_);
    if (credential.ok()) source_ = credential->source;
    return credential;
  }
  bool wanted() const { return wanted_; }
  std::string source() const {
    std::lock_guard lock(mu_);
    return source_;
  }

 private:
  const std::shared_ptr<CredentialProvider> credentials_;
  std::atomic<bool> wanted_{false};
  mutable std::mutex mu_;
  std::string source_;  // guarded by mu_
};

OpenRegistry::OpenRegistry(Parts parts, RegistryUri uri, const FlavorInfo& flavor)
    : parts_(std::move(parts)), uri_(std::move(uri)), flavor_info_(flavor) {}

// The client goes before the instance that it logs in with.
OpenRegistry::~OpenRegistry() {
  client_.reset();
  instance_.reset();
}

absl::StatusOr<std::shared_ptr<OpenRegistry>> OpenRegistry::Open(const CallContext& call,
                                                                 Flavor& flavor, Parts parts) {
  GANTRY_ASSIGN_OR_RETURN(RegistryUri uri, RegistryUri::Parse(parts.record.uri));
  const ConnectorRecord* connector = parts.connector ? &*parts.connector : nullptr;
  GANTRY_ASSIGN_OR_RETURN(const std::string config, InstanceConfig(parts.record, connector));
  const bool has_connector = connector != nullptr;
  const std::shared_ptr<OpenRegistry> registry(new OpenRegistry(std::move(parts), std::move(uri), flavor.info()));
  GANTRY_ASSIGN_OR_RETURN(registry->instance_, flavor.Open(call, config, *registry));
  const Parts& kept = registry->parts_;
  registry->source_ = kept.docker_login;
  if (has_connector) {
    registry->source_ = std::make_shared<FlavorCredentials>(*registry->instance_, *kept.connector);
  }
  registry->credentials_ = std::make_shared<WatchedCredentials>(registry->source_);
  registry->client_ = std::make_unique<RegistryClient>(
      *kept.http, registry->uri_.host(), TransportOf(kept.record), registry->credentials_,
      kept.gate, AddressPolicy::kAny, registry->flavor_info_.error_hints);
  return registry;
}

bool OpenRegistry::login_was_wanted() const { return credentials_->wanted(); }

std::string OpenRegistry::login_source() const { return credentials_->source(); }

absl::StatusOr<Credential> OpenRegistry::PullCredential(const CallContext& call,
                                                        const std::string& repository) {
  const Actions actions{.pull = true, .push = false, .remove = false, .hand_out = true};
  return pull_credentials_.Get(
      call, repository, [&]() -> absl::StatusOr<RefreshingCache<Credential>::Entry> {
        GANTRY_ASSIGN_OR_RETURN(
            Credential made, source_->Get(call, uri_.host(), repository, actions, false));
        const MonoTime now = call.clock().Mono();
        const MonoTime expires = made.expires.value_or(now);
        return RefreshingCache<Credential>::Entry{std::move(made), now + (expires - now) / 4 * 3,
                                                  expires};
      });
}

absl::Status OpenRegistry::Explain(absl::Status status) const {
  return WithHint(std::move(status), flavor_info_.error_hints);
}

bool OpenRegistry::IsOf(const RegistryRecord& record, const ConnectorRecord* connector) const {
  // Versions alone do not tell a record from one that was deleted and created again.
  const auto same = [](const auto& a, const auto& b) {
    return a.version == b.version && a.create_time == b.create_time &&
           a.update_time == b.update_time && a.config_json == b.config_json;
  };
  const RegistryRecord& mine = parts_.record;
  if (!same(mine, record) || mine.uri != record.uri || mine.flavor != record.flavor) return false;
  if (!connector) return !parts_.connector;
  return parts_.connector && parts_.connector->name == connector->name &&
         same(*parts_.connector, *connector);
}

absl::StatusOr<Secret> OpenRegistry::GetSecret(const std::string& name) {
  if (parts_.connector) return SecretOf(*parts_.connector, name);
  return NotFound(reason::kConnectorNotFound, "registry {} has no connector, and so no secret '{}'",
                  parts_.record.name, Excerpt(name, 80))
      .Remedy("link a service connector to the registry");
}

Transport OpenRegistry::TransportTo(const Url& url) {
  const bool own = client_ && url.SameOrigin(client_->endpoint().base());
  return own ? client_->endpoint().transport() : Transport();
}

absl::StatusOr<HttpResponse> OpenRegistry::Registry(const CallContext& call, const Target& target,
                                                    Actions actions,
                                                    const RegistryRequest& request) {
  const auto misbehaved = [&](std::string_view what) {
    return Misbehaved(parts_.record.flavor, "registry", what);
  };
  if (!client_) return misbehaved("asked the registry for something while it was opened");
  if (FlavorCredentials::InProgress()) {
    return misbehaved("asked the registry for something while logging in to it");
  }
  if (!target.registry_host.empty() && target.registry_host != uri_.host()) {
    return misbehaved(fmt::format("sent a request for {} by the login for {}",
                                  Excerpt(target.registry_host, 200), uri_.host()));
  }
  RegistryRequest logged_in = request;
  logged_in.repository = target.repository;
  logged_in.actions = actions;
  return client_->Do(call, logged_in);
}

}  // namespace gantry

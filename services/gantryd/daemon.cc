#include "gantryd/daemon.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/status.h"
#include "base/uuid.h"
#include "store/sqlite_store.h"

namespace gantry {
namespace {

// Registries that do not answer hold up the calls that wait for one, and no others.
constexpr int kLocalThreads = 4;
constexpr int kRemoteThreads = 32;
constexpr size_t kUnaryQueue = 256;
constexpr size_t kPushQueue = 64;
constexpr char kDevRegistryName[] = "local";
constexpr char kDevLabel[] = "dev-registry";  // tells ours from one that somebody has named so

}  // namespace

Daemon::Daemon(const Config& config)
    : config_(config),
      http_({.connect_to = config.connect_to, .ca_certificates = config.ca_certificates}),
      identity_(config.allow_implicit_login
                    ? std::make_unique<LocalIdentity>(Environment::OfProcess(), config.state_dir)
                    : nullptr) {}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config) {
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  const std::pair<const char*, absl::Status (Daemon::*)()> steps[] = {
      {"state", &Daemon::OpenState},
      {"flavors", &Daemon::LoadFlavors},
      {"development registry", &Daemon::StartDevRegistry},
      {"server", &Daemon::Serve}};
  for (const auto& [name, step] : steps) {
    if (absl::Status s = (daemon.get()->*step)(); !s.ok()) return Annotate(s, name);
  }
  return daemon;
}

absl::Status Daemon::OpenState() {
  GANTRY_ASSIGN_OR_RETURN(
      store_,
      SqliteStore::Open({.directory = config_.state_dir, .clock = &clock_, .key_file = ""}));
  return absl::OkStatus();
}

absl::Status Daemon::LoadFlavors() {
  GANTRY_ASSIGN_OR_RETURN(flavors_, gantry::LoadFlavors(config_.flavor_dir));
  for (const std::string& file : flavors_->unlisted()) {
    spdlog::warn("{}/{} is not in the manifest and is not loaded", config_.flavor_dir, file);
  }
  // A flavor that nobody uses may be missing; one that a registry needs is said loudly, and the
  // other registries are served.
  GANTRY_ASSIGN_OR_RETURN(const auto registries, store_->ListRegistries("", 100'000));
  for (const RegistryRecord& registry : registries) {
    if (const auto found = flavors_->Find(registry.flavor); !found.ok()) {
      spdlog::error("registry {} cannot be used: {}", registry.name, MessageOf(found.status()));
    }
  }
  pool_ = std::make_unique<RegistryPool>(*store_, *flavors_, http_, gates_, nullptr,
                                         identity_.get());
  layers_ = std::make_unique<StoreLayerCache>(*store_);
  engine_ = std::make_unique<PushEngine>(*layers_);
  registries_ = std::make_unique<RegistryManager>(*store_, *flavors_, *pool_);
  connectors_ = std::make_unique<ConnectorManager>(*store_, *flavors_, *pool_, clock_);
  images_ = std::make_unique<ImageManager>(
      *pool_, *engine_, http_, SourcePolicy{config_.source_roots, config_.docker_engine});
  mint_ = std::make_unique<CredentialMint>(*pool_, config_.allow_long_lived_credentials);
  requests_ = std::make_unique<RequestLog>(*store_);
  return absl::OkStatus();
}

absl::Status Daemon::StartDevRegistry() {
  if (!config_.dev) return absl::OkStatus();
  const CallContext call(clock_, std::chrono::seconds(30), "start");
  GANTRY_ASSIGN_OR_RETURN(dev_registry_,
                          DevRegistry::Start(call, http_, config_.state_dir + "/dev-registry"));
  auto local = registries_->Get(call, kDevRegistryName);
  if (local.ok()) {
    if (local->uri == dev_registry_->host()) return absl::OkStatus();
    if (!local->labels.contains(kDevLabel)) {
      return AlreadyExists(reason::kRegistryExists,
                           "there is a registry '{}' already, at {}, which --dev has not made",
                           kDevRegistryName, local->uri)
          .Remedy("start without --dev, and register it by another name");
    }
    local->uri = dev_registry_->host();  // another port than last time
    return registries_->Update(call, *std::move(local)).status();
  }
  if (ReasonOf(local.status()) != reason::kRegistryNotFound) return local.status();
  RegistryRecord fresh;
  fresh.name = kDevRegistryName;
  fresh.flavor = "default";
  fresh.uri = dev_registry_->host();
  fresh.labels[kDevLabel] = "true";
  return registries_->Create(call, std::move(fresh)).status();
}

absl::Status Daemon::Serve() {
  local_ = std::make_unique<Executor>("local", kLocalThreads, kUnaryQueue);
  remote_ = std::make_unique<Executor>("remote", kRemoteThreads, kUnaryQueue);
  pushes_ = std::make_unique<Executor>("push", config_.push_threads, kPushQueue);
  GANTRY_ASSIGN_OR_RETURN(
      server_, RpcServer::Start(config_.listen,
                                ServerParts{clock_, *flavors_, *registries_, *connectors_, *images_,
                                            *mint_, *requests_, *local_, *remote_, *pushes_}));
  readiness_ = std::make_unique<Readiness>(clock_, *store_,
                                           [this](bool ready) { server_->SetReady(ready); });
  return absl::OkStatus();
}

void Daemon::Drain() {
  readiness_.reset();
  server_->SetServing(false);
  clock_.Sleep(config_.drain_delay, {});
  server_->StartDraining();
  server_->Shutdown(config_.drain_timeout);
}

}  // namespace gantry

// A Store in memory: the contract of store.h without a disk.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/status.h"
#include "store/store.h"

namespace gantry {

// Thread-safe.  `clock` is borrowed.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  absl::StatusOr<RegistryRecord> CreateRegistry(RegistryRecord record) override {
    std::lock_guard lock(mu_);
    if (registries_.count(record.name)) {
      return AlreadyExists(reason::kRegistryExists, "registry {} exists", record.name);
    }
    if (auto s = CheckLink(record); !s.ok()) return s;
    return Put(registries_, std::move(record), nullptr);
  }
  absl::StatusOr<RegistryRecord> GetRegistry(const std::string& name) override {
    std::lock_guard lock(mu_);
    const auto it = registries_.find(name);
    if (it == registries_.end()) return NoRegistry(name);
    return it->second;
  }
  absl::StatusOr<std::vector<RegistryRecord>> ListRegistries(const std::string& after,
                                                             int limit) override {
    std::lock_guard lock(mu_);
    return After(registries_, after, limit);
  }
  absl::StatusOr<RegistryRecord> UpdateRegistry(RegistryRecord record) override {
    std::lock_guard lock(mu_);
    const auto it = registries_.find(record.name);
    if (it == registries_.end()) return NoRegistry(record.name);
    if (record.version != 0 && record.version != it->second.version) return Changed(record.name);
    if (auto s = CheckLink(record); !s.ok()) return s;
    return Put(registries_, std::move(record), &it->second);
  }
  absl::Status DeleteRegistry(const std::string& name, int64_t version) override {
    std::lock_guard lock(mu_);
    const auto it = registries_.find(name);
    if (it == registries_.end()) return NoRegistry(name);
    if (version != 0 && version != it->second.version) return Changed(name);
    registries_.erase(it);
    return absl::OkStatus();
  }

  absl::StatusOr<ConnectorRecord> CreateConnector(ConnectorRecord record) override {
    std::lock_guard lock(mu_);
    if (connectors_.count(record.name)) {
      return AlreadyExists(reason::kConnectorExists, "connector {} exists", record.name);
    }
    return Put(connectors_, std::move(record), nullptr);
  }
  absl::StatusOr<ConnectorRecord> GetConnector(const std::string& name) override {
    std::lock_guard lock(mu_);
    const auto it = connectors_.find(name);
    if (it == connectors_.end()) return NoConnector(name);
    return it->second;
  }
  absl::StatusOr<std::vector<ConnectorRecord>> ListConnectors(const std::string& after,
                                                              int limit) override {
    std::lock_guard lock(mu_);
    return After(connectors_, after, limit);
  }
  absl::StatusOr<ConnectorRecord> UpdateConnector(ConnectorRecord record) override {
    if (before_update) std::exchange(before_update, nullptr)();
    std::lock_guard lock(mu_);
    const auto it = connectors_.find(record.name);
    if (it == connectors_.end()) return NoConnector(record.name);
    if (record.version != 0 && record.version != it->second.version) return Changed(record.name);
    return Put(connectors_, std::move(record), &it->second);
  }
  absl::Status DeleteConnector(const std::string& name, int64_t version) override {
    std::lock_guard lock(mu_);
    const auto it = connectors_.find(name);
    if (it == connectors_.end()) return NoConnector(name);
    if (version != 0 && version != it->second.version) return Changed(name);
    for (const auto& [registry, record] : registries_) {
      if (record.connector != name) continue;
      return FailedPrecondition(reason::kConnectorInUse, "registry {} uses connector {}", registry,
                                name);
    }
    connectors_.erase(it);
    return absl::OkStatus();
  }

  absl::StatusOr<RequestState> BeginRequest(const std::string&, const std::string&,
                                            const std::string&) override {
    return RequestState{};
  }
  absl::Status FinishRequest(const std::string&, const std::string&) override {
    return absl::OkStatus();
  }
  absl::Status AbandonRequest(const std::string&) override { return absl::OkStatus(); }
  std::optional<LayerDigest> FindLayer(const std::string&, const std::string&) override {
    return std::nullopt;
  }
  void RememberLayer(const std::string&, const std::string&, const LayerDigest&) override {}
  absl::Status Check() override { return on_check ? on_check() : absl::OkStatus(); }

  // What Check() answers, in the place of OK.
  std::function<absl::Status()> on_check;
  // Runs once before the next UpdateConnector: somebody who was faster.
  std::function<void()> before_update;

 private:
  static Error NoRegistry(const std::string& name) {
    return NotFound(reason::kRegistryNotFound, "registry {} is not configured", name);
  }
  static Error NoConnector(const std::string& name) {
    return NotFound(reason::kConnectorNotFound, "there is no connector {}", name);
  }
  static Error Changed(const std::string& name) {
    return Aborted(reason::kEtagMismatch, "{} was changed", name);
  }
  absl::Status CheckLink(const RegistryRecord& record) const {
    if (record.connector.empty() || connectors_.count(record.connector)) return absl::OkStatus();
    return NoConnector(record.connector);
  }
  template <class R>
  R Put(std::map<std::string, R>& records, R record, const std::type_identity_t<R>* before) {
    record.create_time = before ? before->create_time : clock_.Now();
    record.update_time = clock_.Now();
    record.version = before ? before->version + 1 : 1;
    return records[record.name] = std::move(record);
  }
  template <class R>
  static std::vector<R> After(const std::map<std::string, R>& records, const std::string& after,
                              int limit) {
    std::vector<R> found;
    for (auto it = records.upper_bound(after); it != records.end(); ++it) {
      if (static_cast<int>(found.size()) == limit) break;
      found.push_back(it->second);
    }
    return found;
  }

  const Clock& clock_;
  std::mutex mu_;
  std::map<std::string, RegistryRecord> registries_;   // guarded by mu_
  std::map<std::string, ConnectorRecord> connectors_;  // guarded by mu_
};

}  // namespace gantry

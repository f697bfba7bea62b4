// Configured registries: create, change, look at, forget, diagnose.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "base/call_context.h"
#include "gantryd/flavors/flavor.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/paging.h"
#include "gantryd/registries/registry_pool.h"
#include "store/store.h"

namespace gantry {

// One check of Diagnose.
struct DiagnosticCheck {
  enum class Outcome { kPassed, kWarning, kFailed, kSkipped };
  std::string name;
  Outcome outcome = Outcome::kPassed;
  std::string message, remedy;
};

// Thread-safe.  Blocks; call on the executor.
class RegistryManager {
 public:
  // All borrowed.
  RegistryManager(Store& store, const FlavorCatalog& flavors, RegistryPool& pool)
      : store_(store), flavors_(flavors), pool_(pool) {}

  // Checks name, URI, config against the flavor's schema and the flavor's own rules, and that the
  // connector fits; collects every violation.  Asks nothing of the registry itself.
  // `warnings`, where wanted: what the flavor finds odd in a configuration that can be stored.
  absl::StatusOr<RegistryRecord> Create(const CallContext& call, RegistryRecord record,
                                        std::vector<std::string>* warnings = nullptr);
  absl::StatusOr<RegistryRecord> Get(const CallContext& call, const std::string& name);
  using Page = PageOf<RegistryRecord>;
  absl::StatusOr<Page> List(const CallContext& call, int page_size, const std::string& page_token);
  absl::StatusOr<RegistryRecord> Update(const CallContext& call, RegistryRecord record,
                                        std::vector<std::string>* warnings = nullptr);
  absl::Status Delete(const CallContext& call, const std::string& name, int64_t version);

  // reference, dns, tcp, tls, ping, clock, credential, login, repository, push-right, then the
  // flavor's own checks, then features; the checks after a failed one are skipped.  The push right
  // is tried by opening an upload and cancelling it, so that nothing is left behind.
  absl::StatusOr<std::vector<DiagnosticCheck>> Diagnose(const CallContext& call,
                                                        const std::string& name,
                                                        const std::string& repository);

 private:
  // Makes the record canonical.  `stored` is the one that is replaced, or null.
  absl::Status Validate(const CallContext& call, RegistryRecord& record,
                        const RegistryRecord* stored, std::vector<std::string>* warnings);

  Store& store_;
  const FlavorCatalog& flavors_;
  RegistryPool& pool_;
};

}  // namespace gantry

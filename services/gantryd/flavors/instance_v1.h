// An opened flavor over the C ABI.
#pragma once

#include <memory>
#include <string>

#include "gantryd/flavors/flavor.h"
#include "gantryd/flavors/host_services.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// Thread-safe.  The clock of the call that opened it, the table and the instance host outlive it.
class InstanceV1 final : public FlavorInstance {
 public:
  static absl::StatusOr<std::unique_ptr<FlavorInstance>> Open(const gantry_flavor_table& table,
                                                              const std::string& name,
                                                              const CallContext& context,
                                                              const std::string& config_json,
                                                              InstanceHost& host);
  ~InstanceV1() override;
  InstanceV1(const InstanceV1&) = delete;
  InstanceV1& operator=(const InstanceV1&) = delete;

  absl::StatusOr<Credential> Authenticate(const CallContext& context, const Target& target,
                                          Actions actions) override;
  absl::StatusOr<FlavorPlan> PreparePush(const CallContext& context, const Target& target) override;
  absl::StatusOr<FlavorImage> Push(const CallContext& context, const FlavorPlan& plan,
                                   PushJob& job) override;
  absl::StatusOr<Page> List(const CallContext& context, const Target& target,
                            const std::string& page_token, int page_size) override;
  absl::Status Remove(const CallContext& context, const Target& target) override;
  absl::StatusOr<std::vector<Finding>> Diagnose(const CallContext& context,
                                                const Target& target) override;
  absl::StatusOr<std::vector<Finding>> Verify(const CallContext& context) override;
  absl::StatusOr<ResourcePage> ListResources(const CallContext& context,
                                             const std::string& page_token) override;

 private:
  InstanceV1(const gantry_flavor_table& table, const std::string& name, const Clock& clock,
             InstanceHost& host)
      : table_(table), services_(name, clock, &host) {}
  const std::string& name() const { return services_.flavor(); }
  absl::Status Unsupported(std::string_view what) const;

  const gantry_flavor_table& table_;
  const HostServices services_;
  gantry_flavor* flavor_ = nullptr;
};

}  // namespace gantry

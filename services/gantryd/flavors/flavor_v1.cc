#include "gantryd/flavors/flavor_v1.h"

#include <utility>

#include "base/status.h"
#include "gantryd/flavors/abi_copy.h"
#include "gantryd/flavors/collector.h"
#include "gantryd/flavors/flavor_call.h"
#include "gantryd/flavors/flavor_error.h"
#include "gantryd/flavors/host_services.h"
#include "gantryd/flavors/instance_v1.h"

namespace gantry {
namespace {

using Rights = gantry_call::Rights;

// Thread-safe: the table is constant, and everything else is made per call.
class FlavorV1 final : public Flavor {
 public:
  FlavorV1(const gantry_flavor_table& table, FlavorInfo info)
      : table_(table), info_(std::move(info)) {}

  const FlavorInfo& info() const override { return info_; }

  absl::StatusOr<std::vector<Finding>> ValidateConfig(const CallContext& context,
                                                      const std::string& config_json) override {
    if (table_.validate_config == nullptr) return std::vector<Finding>();
    GANTRY_RETURN_IF_ERROR(context.Check());
    const HostServices services(info_.name, context.clock(), nullptr);
    gantry_call call(context, "validate_config", Rights::kNone);
    FindingCollector findings;
    const gantry_code code = table_.validate_config(services.table(), &call, ToRaw(config_json),
                                                    {&findings, FindingCollector::Take});
    GANTRY_RETURN_IF_ERROR(findings.End(code, call, info_.name));
    return std::move(findings.items);
  }

  absl::StatusOr<std::unique_ptr<FlavorInstance>> Open(const CallContext& context,
                                                       const std::string& config_json,
                                                       InstanceHost& host) override {
    return InstanceV1::Open(table_, info_.name, context, config_json, host);
  }

 private:
  const gantry_flavor_table& table_;
  const FlavorInfo info_;
};

}  // namespace

std::unique_ptr<Flavor> MakeFlavorV1(const gantry_flavor_table& table, FlavorInfo info) {
  return std::make_unique<FlavorV1>(table, std::move(info));
}

}  // namespace gantry

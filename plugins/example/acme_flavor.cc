// Acme's registry: layers of the base images are mounted, and a blob goes up in one PUT.
#include "flavor_data.h"
#include "plugins/sdk/table.h"

namespace {

using gantry::sdk::Call;
using gantry::sdk::Config;
using gantry::sdk::Findings;
using gantry::sdk::Ok;
using gantry::sdk::Plan;
using gantry::sdk::Status;

class AcmeFlavor final : public gantry::sdk::Flavor {
 public:
  using Flavor::Flavor;

  static Status ValidateConfig(Call& call, const Config& config, Findings& findings) {
    if (config.path().empty()) {
      findings.push_back({GANTRY_ERROR, "uri", "uri", "the project is missing",
                          "Put the project behind the host: registry.acme.example/<project>."});
    }
    return Flavor::ValidateConfig(call, config, findings);
  }

  Status PreparePush(Call&, Plan& plan) override {
    const std::string base = config().fields()["base_images"].Text();
    plan.mount_from = {base.empty() ? "platform/base" : base};
    plan.upload = GANTRY_UPLOAD_MONOLITHIC;
    return Ok();
  }
};

}  // namespace

GANTRY_FLAVOR(AcmeFlavor)

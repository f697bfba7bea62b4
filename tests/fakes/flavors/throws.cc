// Throws from its methods: std::exception, something else, and from its constructor.
#include <stdexcept>

#include "flavor_data.h"
#include "plugins/sdk/table.h"

namespace {

using gantry::sdk::Call;
using gantry::sdk::Config;
using gantry::sdk::Plan;
using gantry::sdk::Status;
using gantry::sdk::Target;

class Throws final : public gantry::sdk::Flavor {
 public:
  Throws(const gantry_host& host, Config config) : Flavor(host, std::move(config)) {
    if (this->config().fields()["throw"].Boolean()) throw std::runtime_error("not built");
  }

  Status PreparePush(Call&, Plan&) override { throw std::runtime_error("the plan fell through"); }
  Status Remove(Call&, const Target&) override { throw 42; }
};

}  // namespace

GANTRY_FLAVOR(Throws)

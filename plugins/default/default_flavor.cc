// Any registry, with nothing special about it: all of it is the SDK's.
#include "flavor_data.h"
#include "plugins/sdk/table.h"

namespace {

class DefaultFlavor final : public gantry::sdk::Flavor {
 public:
  using Flavor::Flavor;
};

}  // namespace

GANTRY_FLAVOR(DefaultFlavor)

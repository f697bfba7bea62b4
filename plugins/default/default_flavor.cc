// Any registry, with nothing special about it: all of it is the SDK's.
#include "flavor_data.h"
#include "plugins/sdk/table.h"

namespace gantry::default_flavor {
namespace {

class DefaultFlavor final : public sdk::Flavor {
 public:
  using Flavor::Flavor;
};

}  // namespace
}  // namespace gantry::default_flavor

GANTRY_FLAVOR(gantry::default_flavor::DefaultFlavor)

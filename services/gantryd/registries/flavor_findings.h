// What a flavor finds in a configuration, parted by what it means for the caller.
#pragma once

#include <string>
#include <vector>

#include "gantryd/flavors/flavor.h"
#include "gantryd/registries/field_violations.h"

namespace gantry {

struct FlavorFindings {
  std::vector<FieldViolation> violations;  // each forbids the configuration
  std::vector<std::string> warnings;       // it is stored, and its owner is told

  explicit FlavorFindings(const std::vector<Finding>& findings);
};

}  // namespace gantry

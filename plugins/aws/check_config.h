// What is wrong with the configuration of a registry or a connector, before anything is asked.
#pragma once

#include "plugins/sdk/config.h"
#include "plugins/sdk/types.h"

namespace gantry::aws {

void CheckConfig(const sdk::Config& config, sdk::Findings& findings);

}  // namespace gantry::aws

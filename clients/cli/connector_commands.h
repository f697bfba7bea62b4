// The parts of "gantry service-connector" that have files of their own.
#pragma once

#include "clients/cli/session.h"

namespace gantry::cli {

// list-types, describe-type
void AddConnectorTypeCommands(CLI::App& group, Session& session);
// list-resources
void AddConnectorResourceCommands(CLI::App& group, Session& session);

}  // namespace gantry::cli

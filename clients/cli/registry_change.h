// Changes of configured registries: what is there, altered and written back.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>

#include "clients/cli/session.h"

namespace gantry::cli {

// Lets `change` alter the registry, and stores that; ABORTED when somebody else was faster.
// Warnings go to standard error.
absl::StatusOr<v1::Registry> ChangeRegistry(
    const Session& session, const std::string& name,
    const std::function<absl::Status(v1::Registry&)>& change);

// connect, disconnect, remove-attribute
void AddRegistryChangeCommands(CLI::App& group, Session& session);

}  // namespace gantry::cli

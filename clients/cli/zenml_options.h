// Options that users of ZenML know and that there is no need for here: taken where they change
// nothing, else refused with what there is in their place.
#pragma once

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gantry::cli {

// Options of "service-connector register" and "update", or of "container-registry"'s, among the
// free arguments; the rest is given back.
absl::StatusOr<std::vector<std::string>> WithoutZenmlConnectorOptions(
    std::vector<std::string> arguments);
absl::StatusOr<std::vector<std::string>> WithoutZenmlRegistryOptions(
    std::vector<std::string> arguments);

// "--resource-type", whose one value is docker-registry.
void AddResourceType(CLI::App& app);

}  // namespace gantry::cli

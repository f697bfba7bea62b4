// Which orchestrators pull from a registry: what the API tells of them.
#pragma once

#include <span>
#include <string_view>

namespace gantry {

enum class RegistryNeed { kRequired, kNone, kConditional };

struct OrchestratorInfo {
  std::string_view name, display_name;
  RegistryNeed need;
  std::string_view note;
  std::string_view flavor;  // of the same cloud; empty: any does
};

// Those that need a registry first.
std::span<const OrchestratorInfo> Orchestrators();

}  // namespace gantry

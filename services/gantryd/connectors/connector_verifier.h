// Tries a connector's credential at the registries it is meant for.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "base/call_context.h"
#include "gantryd/connectors/connector_manager.h"
#include "gantryd/flavors/flavor.h"
#include "gantryd/registries/registry_pool.h"
#include "store/store.h"

namespace gantry {

// Tries `connector`, stored or not, by its cloud's own login, where that can be tried without a
// registry; then at the host its config names; without one at every registry linked to it; without
// those at Docker Hub, if it is of type "docker".  One result a host; one
// that says kSkipped when there is nowhere to try it.  Takes 15 seconds at most for all of them.
//   CANCELLED, DEADLINE_EXCEEDED   of the call; all else is a result
absl::StatusOr<std::vector<VerificationResult>> TryConnector(const CallContext& call,
                                                             const FlavorCatalog& flavors,
                                                             RegistryPool& pool,
                                                             const ConnectorRecord& connector);

// The result that counts: a refusal before an unreachable host before an acceptance.
const VerificationResult& Worst(const std::vector<VerificationResult>& results);

}  // namespace gantry

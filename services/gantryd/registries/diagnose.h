// The checks of DiagnoseRegistry.
#pragma once

#include <string>
#include <vector>

#include "base/call_context.h"
#include "gantryd/registries/registry_manager.h"

namespace gantry {

// Runs the checks on an open registry, in the order that registry_manager.h names.  Asks the
// registry a handful of requests and leaves nothing behind.  `connector` is the session's, or null;
// `repository` as RepositoryBelow takes it; empty: the registry's default one.
//   CANCELLED, DEADLINE_EXCEEDED   only of the call; all else is a check's outcome
absl::StatusOr<std::vector<DiagnosticCheck>> DiagnoseSession(const CallContext& call,
                                                             RegistrySession& session,
                                                             const ConnectorRecord* connector,
                                                             const std::string& repository);

}  // namespace gantry

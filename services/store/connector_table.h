// Rows of service connectors and their sealed secrets.  Functions work inside a transaction of Db.
#pragma once

#include <absl/status/statusor.h>
#include <soci/soci.h>

#include <vector>

#include "store/sealing.h"
#include "store/store.h"

namespace gantry::connector_table {

// NOT_FOUND CONNECTOR_NOT_FOUND.
absl::Status CheckExists(soci::session& sql, const std::string& name);
absl::StatusOr<ConnectorRecord> Get(soci::session& sql, const SealingKey& key,
                                    const std::string& name);
absl::StatusOr<std::vector<ConnectorRecord>> List(soci::session& sql, const SealingKey& key,
                                                  const std::string& after, int limit);
absl::Status Insert(soci::session& sql, const SealingKey& key, const ConnectorRecord& record);
// The record's version is the new one; its secrets replace all that were there.
void Replace(soci::session& sql, const SealingKey& key, const ConnectorRecord& record);
// FAILED_PRECONDITION CONNECTOR_IN_USE.
absl::Status Delete(soci::session& sql, const std::string& name);

}  // namespace gantry::connector_table

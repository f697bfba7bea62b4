// Rows of configured registries.  Functions work inside a transaction of Db.
#pragma once

#include <absl/status/statusor.h>
#include <soci/soci.h>

#include <vector>

#include "store/sealing.h"
#include "store/store.h"

namespace gantry::registry_table {

absl::StatusOr<RegistryRecord> Get(soci::session& sql, const SealingKey& key,
                                   const std::string& name);
absl::StatusOr<std::vector<RegistryRecord>> List(soci::session& sql, const SealingKey& key,
                                                 const std::string& after, int limit);
// The connector must exist, the name must be free.
absl::Status Insert(soci::session& sql, const SealingKey& key, const RegistryRecord& record);
// The record's version is the new one.
absl::Status Replace(soci::session& sql, const SealingKey& key, const RegistryRecord& record);
void Delete(soci::session& sql, const std::string& name);
// A registry that names the connector, or "".
std::string UserOf(soci::session& sql, const std::string& connector);

}  // namespace gantry::registry_table

// The schema, step by step from nothing to now.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "store/db.h"

namespace gantry {

// One step of the schema: single statements, since SQLite through SOCI runs only the first of
// several in one string.
using SchemaStep = std::vector<const char*>;

// This program's steps, from the first schema to now.
const std::vector<SchemaStep>& SchemaSteps();

// Brings the store to the schema of `steps`, each step in one transaction; a step that was cut off
// is done again at the next start.  An older store is first copied to `backup_path`.
//   UNAVAILABLE STORE_UNAVAILABLE   made by a newer program, or by a different history; not touched
absl::Status Migrate(Db& db, const std::vector<SchemaStep>& steps, WallTime now,
                     const std::string& backup_path);

}  // namespace gantry

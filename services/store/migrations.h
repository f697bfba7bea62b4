// The schema, step by step from nothing to now.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "base/clock.h"
#include "store/db.h"

namespace gantry {

// Brings the store to this program's schema, each step in one transaction; a step that was cut off is
// done again at the next start.  An older store is first copied to `backup_path`.
//   FAILED_PRECONDITION STORE_CORRUPT   made by a newer program, or by a different history
absl::Status Migrate(Db& db, WallTime now, const std::string& backup_path);

}  // namespace gantry

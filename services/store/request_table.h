// Rows of request ids.  Functions work inside a transaction of Db.
#pragma once

#include <soci/soci.h>

#include <string>

#include "store/store.h"

namespace gantry::request_table {

// `owner` is the daemon's boot: what another boot left unfinished is taken over.  Rows older than a
// day are dropped on the way.
RequestState Begin(soci::session& sql, const std::string& id, const std::string& method,
                   const std::string& body_hash, const std::string& owner, WallTime now);
void Finish(soci::session& sql, const std::string& id, const std::string& response);
void Abandon(soci::session& sql, const std::string& id);

}  // namespace gantry::request_table

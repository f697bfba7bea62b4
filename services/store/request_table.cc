#include "store/request_table.h"

#include "base/strings.h"
#include "store/records.h"

namespace gantry::request_table {

RequestState Begin(soci::session& sql, const std::string& id, const std::string& method,
                   const std::string& body_hash, const std::string& owner, WallTime now) {
  const long long time = ToMicros(now);
  const long long oldest = ToMicros(now - std::chrono::hours(24));
  sql << "DELETE FROM request WHERE create_time < :oldest", soci::use(oldest);
  std::string old_method, old_hash, old_owner, response;
  long long done = 0, begun = 0;
  bool found = false;
  {
    soci::statement select =
        (sql.prepare << "SELECT method, body_hash, owner, done, response, create_time"
                        " FROM request WHERE id = :id",
         soci::use(id), soci::into(old_method), soci::into(old_hash), soci::into(old_owner),
         soci::into(done), soci::into(response), soci::into(begun));
    found = select.execute(true);
  }
  RequestState state;
  if (found && (old_method != method || old_hash != body_hash)) {
    state.kind = RequestState::Kind::kReused;
  } else if (found && done) {
    state.kind = RequestState::Kind::kDone;
    Base64Decode(response, &state.response);
  } else if (found && old_owner == owner) {
    state.kind = RequestState::Kind::kInProgress;
  } else {
    if (found) state.begun_before = FromMicros(begun);
    sql << "INSERT INTO request (id, method, body_hash, owner, done, response, create_time)"
           " VALUES (:id, :method, :hash, :owner, 0, '', :time)"
           " ON CONFLICT (id) DO UPDATE SET owner = excluded.owner",
        soci::use(id), soci::use(method), soci::use(body_hash), soci::use(owner), soci::use(time);
  }
  return state;
}

void Finish(soci::session& sql, const std::string& id, const std::string& response) {
  const std::string text = Base64Encode(response);  // no back end keeps every byte of a TEXT
  sql << "UPDATE request SET done = 1, response = :response WHERE id = :id", soci::use(text),
      soci::use(id);
}

void Abandon(soci::session& sql, const std::string& id) {
  sql << "DELETE FROM request WHERE id = :id AND done = 0", soci::use(id);
}

}  // namespace gantry::request_table

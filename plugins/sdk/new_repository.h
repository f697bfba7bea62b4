// Repositories that a cloud wants to be created before the first push.
#pragma once

#include <utility>

#include "plugins/sdk/call.h"

namespace gantry::sdk {

// Creates the repository unless it is there: `look()` and `create()` ask the cloud's API, and say
// NOT_FOUND and ALREADY_EXISTS as the case may be; `lacks_right(status)` tells whether it is a right
// that is missing.  Sets `created` when the repository is new, by whomever.
//
// Who may create need not be one who may look; and who may do neither may still push to what
// another has created, which the push itself finds out.
template <class Look, class Create, class LacksRight>
Status CreateUnlessThere(const Call& call, Look&& look, Create&& create, LacksRight&& lacks_right,
                         bool& created) {
  created = false;
  Status seen = look();
  const bool absent = seen.code == GANTRY_NOT_FOUND;
  if (!absent && !lacks_right(std::as_const(seen))) return seen;
  Status made = create();
  const bool there = made.code == GANTRY_ALREADY_EXISTS;
  created = made.ok() || (there && absent);
  if (created || there) return Ok();
  if (absent || !lacks_right(std::as_const(made))) return made;
  call.Log(GANTRY_WARN, "pushing without a look at the repository, and without creating it: " +
                            seen.message + "; " + made.message);
  return Ok();
}

}  // namespace gantry::sdk

// Repositories that a cloud wants to be created before the first push.
#pragma once

#include "plugins/sdk/call.h"

namespace gantry::sdk {

// Creates the repository unless it is there: `look()` and `create()` ask the cloud's API, and say
// NOT_FOUND and ALREADY_EXISTS as the case may be.  Sets `created` when it was not there before,
// whoever was first.
//
// Who may create need not be one who may look; and who may do neither may still push to what
// another has created, which the push itself finds out.
template <class Look, class Create>
Status CreateUnlessThere(const Call& call, Look&& look, Create&& create, bool& created) {
  created = false;
  Status seen = look();
  const bool may_not_look = seen.code == GANTRY_PERMISSION_DENIED;
  if (seen.code != GANTRY_NOT_FOUND && !may_not_look) return seen;
  Status made = create();
  created = made.ok() || made.code == GANTRY_ALREADY_EXISTS;
  if (created) return Ok();
  if (!may_not_look || made.code != GANTRY_PERMISSION_DENIED) return made;
  call.Log(GANTRY_WARN, "pushing without a look at the repository, and without creating it: " +
                            seen.message + "; " + made.message);
  return Ok();
}

}  // namespace gantry::sdk

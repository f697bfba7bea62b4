// Where an external account's own token comes from: its "credential_source".
#pragma once

#include "plugins/gcp/key_file.h"

namespace gantry::gcp {

// Reads it anew each time: such tokens are rotated.
//   FAILED_PRECONDITION CONNECTOR_UNUSABLE        of a kind that is not served, or not to be had
//   PERMISSION_DENIED IMPLICIT_LOGIN_NOT_ALLOWED  by the host: it is the daemon's machine that is
//   read
sdk::Status ReadSubjectToken(const sdk::Call& call, const KeyFile& key, sdk::Secret& token);

}  // namespace gantry::gcp

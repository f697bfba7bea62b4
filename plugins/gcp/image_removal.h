// Deleting an image where a manifest that has tags cannot be deleted.
#pragma once

#include "plugins/sdk/call.h"

namespace gantry::gcp {

// Takes the tags away first, then deletes the manifest: by the target's digest, or the one its tag
// points to.  NOT_FOUND IMAGE_NOT_FOUND.
sdk::Status RemoveImage(const sdk::Call& call, const sdk::Target& target);

}  // namespace gantry::gcp

// Deleting an image where a manifest that has tags cannot be deleted.
#pragma once

#include <string>
#include <vector>

#include "plugins/sdk/call.h"

namespace gantry::gcp {

// The tags that point to the target's digest, as the registry itself lists them: with all others,
// so of some thousand manifests UPSTREAM_PROTOCOL.
sdk::Status ListTagsOf(const sdk::Call& call, const sdk::Target& target,
                       std::vector<std::string>& tags);

// Takes `tags` away first, then deletes the manifest by the target's digest.  NOT_FOUND
// IMAGE_NOT_FOUND.
sdk::Status RemoveImage(const sdk::Call& call, const sdk::Target& target,
                        const std::vector<std::string>& tags);

}  // namespace gantry::gcp

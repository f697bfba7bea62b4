// What is stored under an image's name, by the Artifact Registry API: Google's tags/list answers
// with all manifests at once, and a few thousand are more than the host takes.
#pragma once

#include "plugins/gcp/artifact_registry.h"
#include "plugins/sdk/call.h"

namespace gantry::gcp {

// Whether a page token is one of ListImages, and not of the registry's own list.
bool IsImagePage(std::string_view page_token);

// One page of the target's repository, which is `name`; 0 as `page_size` is 100, and more than 200
// is 200.
sdk::Status ListImages(const ArtifactRegistry& api, const RepositoryName& name,
                       const sdk::Target& target, std::string_view page_token, uint32_t page_size,
                       sdk::Page& page);

// Whether the registry itself may know what the API did not say: where the API is not enabled, out
// of reach, or not this login's to use, and where it knows of no such image.
bool MayAskRegistry(const sdk::Status& refused);

}  // namespace gantry::gcp

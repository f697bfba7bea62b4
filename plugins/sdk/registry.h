// Listing and deleting images as every registry does: OCI distribution-spec, "Content Discovery"
// and "Content Management".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sdk/call.h"

namespace gantry::sdk {

// One page of the repository's tags, one image a tag.  `page_token` is the one of the page before,
// or empty; 0 as `page_size` is 100, and more than 1000 is 1000.
Status ListTags(const Call& call, const Target& target, std::string_view page_token,
                uint32_t page_size, Page& page);

// Deletes the manifest: by the target's digest, or the one its tag points to.  With it go all tags
// that point there.  FAILED_PRECONDITION when the registry does not delete.
Status RemoveManifest(const Call& call, const Target& target);

// The digest that the target's tag points to.  NOT_FOUND IMAGE_NOT_FOUND.
Status ResolveTag(const Call& call, const Target& target, std::string& digest);

// The registry's refusal as an error, with its own words.  `what` was tried: "listing tags".
Status RegistryRefusal(const HttpResponse& response, const Target& target, std::string_view what);

}  // namespace gantry::sdk

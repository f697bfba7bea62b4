// All blobs of an image, several at once, each once.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>

#include "base/call_context.h"
#include "oci/image_source.h"
#include "push/blob_upload.h"

namespace gantry {

// By SourceBlob::key().
using StoredBlobs = std::map<std::string, StoredBlob>;

// Uploads what is missing on threads of its own; the largest first, or in the source's order where it
// is one stream.  The first failure stops the others, and is the one that is returned, with the blob's
// name.  With `force`, also blobs that the registry says it has.
absl::StatusOr<StoredBlobs> UploadBlobs(const CallContext& call, const PushTarget& target,
                                        const std::map<std::string, SourceBlob>& blobs, bool force);

}  // namespace gantry

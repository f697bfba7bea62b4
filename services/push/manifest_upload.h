// Manifests and tags: the end of a push, when all that they name is there.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>

#include "base/call_context.h"
#include "push/blob_upload.h"

namespace gantry {

// A manifest ready to be put.
struct ReadyManifest {
  std::string media_type;
  Digest digest;
  std::string bytes;
};

// Whether the repository has exactly this manifest.
absl::StatusOr<bool> HasManifest(const CallContext& call, const PushTarget& target,
                                 const Digest& digest);

// Puts the manifest by digest and looks that it is there.  `heal` is called once when the registry
// misses what the manifest names, although it said that it had it.
// Where the login may not look, the registry's own word on the digest counts.
//   INTEGRITY   the registry does not have what it said it stored
absl::Status PutManifest(const CallContext& call, const PushTarget& target,
                         const ReadyManifest& manifest, const std::function<absl::Status()>& heal);

// Lets the tag name the manifest.  A tag that does so already is left alone, which also makes a
// repeat on an immutable tag succeed.
//   FAILED_PRECONDITION UPSTREAM_CONFLICT   the tag is immutable and names another image
absl::Status PutTag(const CallContext& call, const PushTarget& target,
                    const ReadyManifest& manifest, const std::string& tag);

}  // namespace gantry

// Moves one image from a source to a repository: blobs first, manifests last, tags at the very end.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/call_context.h"
#include "oci/image_source.h"
#include "oci/registry_client.h"
#include "push/layer_cache.h"
#include "push/progress.h"

namespace gantry {

// How bytes travel; a registry's quirks as data.
enum class UploadMethod {
  kStream,      // POST, one PATCH without a range, PUT without a body
  kMonolithic,  // POST, PUT with the whole blob
  kChunked,     // POST, PATCHes of chunk_bytes with Content-Range, PUT without a body
};

struct PushPlan {
  std::string repository;               // full path on the registry's host
  std::vector<std::string> tags;        // empty: by digest only
  std::vector<std::string> mount_from;  // repositories of the same host, best first
  UploadMethod method = UploadMethod::kStream;
  int64_t chunk_bytes = 0;      // of kChunked
  int max_parallel_blobs = 4;
  bool lax_commit = false;      // 200 or 204 for a commit is taken, after a HEAD has confirmed it
  bool new_repository = false;  // the registry may deny for a while that there is such a repository
  bool no_range = false;        // how much of an upload it has, the registry says wrongly
  int64_t min_part_bytes = 0;   // of parts that a proxy forces, the last apart
};

struct PushedImage {
  Digest digest;
  std::string media_type;
  int64_t size_bytes = 0;
  std::vector<std::string> platforms;
  std::vector<std::string> tags;
};

// Thread-safe; one engine serves all pushes of the daemon.
class PushEngine {
 public:
  // `layers` is borrowed: what diffIDs were compressed to before.
  explicit PushEngine(LayerCache& layers) : layers_(layers) {}

  // Uploads what the registry lacks, then the manifests, children first, the tags last, so that a
  // reader never sees a tag whose image is not whole.  Blocks; uses threads of its own for blobs.
  // Safe to repeat after any failure; open upload sessions are cancelled on the way out.
  //   DIGEST_MISMATCH, SOURCE_*   the source's fault
  //   INTEGRITY                   the registry said it stored what it did not
  //   and the errors of RegistryClient
  absl::StatusOr<PushedImage> Push(const CallContext& call, const PushPlan& plan,
                                   RegistryClient& registry, ImageSource& source,
                                   ProgressSink& progress);

 private:
  LayerCache& layers_;
};

}  // namespace gantry

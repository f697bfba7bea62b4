// The caller's own image as a source: every byte is asked for over the call's own stream.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <utility>

#include "gantryd/images/image_manager.h"
#include "oci/image_source.h"
#include "oci/image_walk.h"

namespace gantry {

// Load() on one thread, then OpenBlob() on several.  What the caller sends is believed nowhere:
// manifests and configs are checked against their digests here, and layers without a digest against
// their diffIDs; other blobs by whoever pushes them.
class CallerSource final : public ImageSource {
 public:
  // `image.blobs` is borrowed and outlives it.
  explicit CallerSource(CallerImage image) : image_(std::move(image)) {}

  // INVALID_ARGUMENT SOURCE_INVALID or DIGEST_MISMATCH, and the errors of CallerBlobs.
  absl::StatusOr<SourceImage> Load(const CallContext& call) override;
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override;
  int max_parallel_reads() const override;
  int64_t ReadRank(const SourceBlob& blob) const override;

 private:
  absl::Status AddManifest(const CallContext& call, const Descriptor& descriptor, int depth,
                           ImageWalk& walk);
  absl::Status AddAssembled(const CallContext& call, ImageWalk& walk);
  absl::Status AddPlatform(const CallContext& call, const Descriptor& manifest,
                           const Descriptor& config, ImageWalk& walk);
  // A manifest or config, whole and checked; at most 4 MiB.
  absl::StatusOr<std::string> ReadDocument(const CallContext& call, const Digest& digest,
                                           int64_t size, std::string_view what, ImageWalk& walk);

  const CallerImage image_;
};

}  // namespace gantry

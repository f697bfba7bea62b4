// What the sources of ready images have in common: the way from the root's manifest down.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "oci/image_source.h"

namespace gantry {

// One Load().  The source reads; this holds it to limits, since all documents stay in memory, and
// sees to it that an image is the same whichever way it comes.
class ImageWalk {
 public:
  // On to a manifest, by the root's tag or by a digest, below `depth` indexes.  False when it was
  // there before.
  //   INVALID_ARGUMENT SOURCE_INVALID   deeper than 8 levels, or more than 1000 manifests
  absl::StatusOr<bool> Enter(const std::string& key, int depth);
  // A manifest or a config is read.
  //   INVALID_ARGUMENT SOURCE_INVALID   they are longer than 64 MiB together
  absl::Status Count(int64_t document_bytes);

  // After what it names.
  void Add(SourceManifest manifest) { image_.manifests.push_back(std::move(manifest)); }
  // Each once; "unknown/unknown", as which attestations stand beside images, not at all.
  void AddPlatform(const Platform& platform);
  void AddNotice(std::string notice) { image_.notices.push_back(std::move(notice)); }

  SourceImage Finish() { return std::move(image_); }

 private:
  std::set<std::string> seen_;  // keys
  int64_t document_bytes_ = 0;
  SourceImage image_;
};

SourceBlob BlobOf(const Descriptor& descriptor);

}  // namespace gantry

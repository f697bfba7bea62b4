#include "oci/image_walk.h"

#include <algorithm>

#include "base/status.h"

namespace gantry {
namespace {

constexpr int kMaxDepth = 8;
constexpr size_t kMaxManifests = 1000;
constexpr int64_t kMaxDocumentBytes = 64 << 20;

}  // namespace

absl::StatusOr<bool> ImageWalk::Enter(const std::string& key, int depth) {
  if (!seen_.insert(key).second) return false;
  if (depth <= kMaxDepth && seen_.size() <= kMaxManifests) return true;
  return InvalidArgument(reason::kSourceInvalid,
                         "the image's indexes are nested deeper than {} levels, or name more than "
                         "{} manifests",
                         kMaxDepth, kMaxManifests)
      .Remedy("push its parts one by one");
}

absl::Status ImageWalk::Count(int64_t document_bytes) {
  document_bytes_ += document_bytes;
  if (document_bytes_ <= kMaxDocumentBytes) return absl::OkStatus();
  return InvalidArgument(reason::kSourceInvalid,
                         "the image's manifests and configs are longer than {} bytes together",
                         kMaxDocumentBytes)
      .Remedy("push its parts one by one");
}

void ImageWalk::AddPlatform(const Platform& platform) {
  if (platform.os.empty() || platform.os == "unknown") return;
  std::vector<std::string>& all = image_.platforms;
  const std::string text = platform.text();
  if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(text);
}

SourceBlob BlobOf(const Descriptor& descriptor) {
  return {.media_type = descriptor.media_type,
          .digest = descriptor.digest,
          .size = descriptor.size,
          .diff_id = std::nullopt,
          .urls = descriptor.urls};
}

}  // namespace gantry

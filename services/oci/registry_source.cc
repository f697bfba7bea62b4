#include "oci/registry_source.h"

#include <optional>
#include <set>
#include <utility>

#include "base/status.h"
#include "net/retry.h"
#include "oci/byte_pipe.h"

namespace gantry {
namespace {

constexpr int kMaxDepth = 8;
constexpr size_t kMaxManifests = 1000;
constexpr size_t kMaxDocumentBytes = 64 << 20;  // of all manifests: they stay in memory

SourceBlob BlobOf(const Descriptor& d) {
  return {.media_type = d.media_type,
          .digest = d.digest,
          .size = d.size,
          .diff_id = std::nullopt,
          .urls = d.urls};
}

}  // namespace

// One Load(): from the root down, children first.
class RegistrySource::Walk {
 public:
  Walk(const CallContext& call, RegistryClient& registry, const std::string& repository)
      : call_(call), registry_(registry), repository_(repository) {}

  absl::StatusOr<SourceImage> Run(const std::string& root) {
    GANTRY_RETURN_IF_ERROR(Add(root, std::nullopt, /*depth=*/0));
    return std::move(image_);
  }

 private:
  absl::Status Add(const std::string& key, const std::optional<Platform>& platform, int depth) {
    if (!seen_.insert(key).second) return absl::OkStatus();
    if (depth > kMaxDepth || seen_.size() > kMaxManifests || bytes_ > kMaxDocumentBytes) {
      return InvalidArgument(reason::kSourceInvalid,
                             "the image's indexes are nested deeper than {} levels, or name more "
                             "than {} manifests or {} bytes of them",
                             kMaxDepth, kMaxManifests, kMaxDocumentBytes)
          .Remedy("push its parts one by one");
    }
    std::optional<ManifestInfo> info;
    GANTRY_RETURN_IF_ERROR(Retry(call_, {}, [&]() -> absl::Status {
      GANTRY_ASSIGN_OR_RETURN(info, registry_.GetManifest(call_, repository_, key));
      return absl::OkStatus();
    }));
    GANTRY_ASSIGN_OR_RETURN(const Manifest manifest, Manifest::Parse(info->bytes, info->media_type));
    bytes_ += info->bytes.size();
    for (const Descriptor& child : manifest.manifests) {
      GANTRY_RETURN_IF_ERROR(Add(child.digest.text(), child.platform, depth + 1));
    }
    SourceManifest source;
    source.descriptor = Descriptor{.media_type = manifest.media_type,
                                   .digest = info->digest,
                                   .size = static_cast<int64_t>(info->bytes.size()),
                                   .urls = {},
                                   .platform = std::nullopt,
                                   .annotations = {}};
    source.bytes = std::move(info->bytes);
    if (manifest.config) source.blobs.push_back(BlobOf(*manifest.config));
    for (const Descriptor& layer : manifest.layers) source.blobs.push_back(BlobOf(layer));
    if (platform && !platform->os.empty()) image_.platforms.push_back(platform->text());
    image_.manifests.push_back(std::move(source));
    return absl::OkStatus();
  }

  const CallContext& call_;
  RegistryClient& registry_;
  const std::string& repository_;
  SourceImage image_;
  std::set<std::string> seen_;  // keys
  size_t bytes_ = 0;
};

absl::StatusOr<SourceImage> RegistrySource::Load(const CallContext& call) {
  auto image = Walk(call, *registry_, reference_.repository()).Run(reference_.manifest_key());
  if (image.ok()) return image;
  if (image.status().code() != absl::StatusCode::kNotFound) {
    return Annotate(image.status(), "source " + reference_.text());
  }
  return NotFound(reason::kSourceNotFound, "there is no image {}: {}", reference_.text(),
                  MessageOf(image.status()))
      .Remedy("check the name and the tag");
}

absl::StatusOr<std::unique_ptr<ByteReader>> RegistrySource::OpenBlob(const CallContext& call,
                                                                     const SourceBlob& blob,
                                                                     int64_t offset) {
  return StreamFrom(call, [this, digest = *blob.digest, offset](const CallContext& inner,
                                                                ByteWriter& out) {
    return Annotate(
        registry_->GetBlob(inner, reference_.repository(), digest, offset, out),
        "source " + reference_.text());
  });
}

}  // namespace gantry

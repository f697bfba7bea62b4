#include "oci/registry_source.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "net/retry.h"
#include "oci/byte_pipe.h"

namespace gantry {
namespace {

constexpr int kMaxDepth = 8;
constexpr size_t kMaxManifests = 1000;

}  // namespace

absl::StatusOr<SourceImage> RegistrySource::Load(const CallContext& call) {
  SourceImage image;
  const absl::Status status =
      Add(call, reference_.manifest_key(), std::nullopt, /*depth=*/0, image);
  if (status.ok()) return image;
  if (status.code() != absl::StatusCode::kNotFound) {
    return Annotate(status, "source " + reference_.text());
  }
  return NotFound(reason::kSourceNotFound, "there is no image {}: {}", reference_.text(),
                  MessageOf(status))
      .Remedy("check the name and the tag");
}

absl::Status RegistrySource::Add(const CallContext& call, const std::string& key,
                                 const std::optional<Descriptor>& named, int depth,
                                 SourceImage& out) {
  if (depth > kMaxDepth || out.manifests.size() > kMaxManifests) {
    return InvalidArgument(reason::kSourceInvalid,
                           "the image's indexes are nested too deep, or name more than {} manifests",
                           kMaxManifests);
  }
  std::optional<ManifestInfo> info;
  GANTRY_RETURN_IF_ERROR(Retry(call, {}, [&]() -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(info, registry_->GetManifest(call, reference_.repository(), key));
    return absl::OkStatus();
  }));
  const bool known = std::any_of(out.manifests.begin(), out.manifests.end(), [&](const auto& m) {
    return m.descriptor->digest == info->digest;
  });
  if (known) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(const Manifest manifest, Manifest::Parse(info->bytes, info->media_type));
  SourceManifest source;
  source.descriptor = Descriptor{.media_type = manifest.media_type,
                                 .digest = info->digest,
                                 .size = static_cast<int64_t>(info->bytes.size()),
                                 .urls = {},
                                 .platform = std::nullopt,
                                 .annotations = {}};
  source.bytes = std::move(info->bytes);
  for (const Descriptor& child : manifest.manifests) {
    GANTRY_RETURN_IF_ERROR(Add(call, child.digest.text(), child, depth + 1, out));
  }
  const auto add = [&](const Descriptor& d) {
    source.blobs.push_back({.media_type = d.media_type,
                            .digest = d.digest,
                            .size = d.size,
                            .diff_id = std::nullopt,
                            .urls = d.urls});
  };
  if (manifest.config) add(*manifest.config);
  std::for_each(manifest.layers.begin(), manifest.layers.end(), add);
  if (named && named->platform && !named->platform->os.empty()) {
    out.platforms.push_back(named->platform->text());
  }
  out.manifests.push_back(std::move(source));
  return absl::OkStatus();
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

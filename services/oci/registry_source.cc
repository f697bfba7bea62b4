#include "oci/registry_source.h"

#include <optional>
#include <utility>

#include "base/status.h"
#include "net/retry.h"
#include "oci/byte_pipe.h"
#include "oci/image_walk.h"

namespace gantry {

// One Load(): from the root down, children first.
class RegistrySource::Walk {
 public:
  Walk(const CallContext& call, RegistryClient& registry, const std::string& repository)
      : call_(call), registry_(registry), repository_(repository) {}

  absl::StatusOr<SourceImage> Run(const std::string& root) {
    GANTRY_RETURN_IF_ERROR(Add(root, std::nullopt, /*depth=*/0));
    return walk_.Finish();
  }

 private:
  absl::Status Add(const std::string& key, const std::optional<Platform>& platform, int depth) {
    GANTRY_ASSIGN_OR_RETURN(const bool is_new, walk_.Enter(key, depth));
    if (!is_new) return absl::OkStatus();
    std::optional<ManifestInfo> info;
    GANTRY_RETURN_IF_ERROR(Retry(call_, {}, [&]() -> absl::Status {
      GANTRY_ASSIGN_OR_RETURN(info, registry_.GetManifest(call_, repository_, key));
      return absl::OkStatus();
    }));
    GANTRY_ASSIGN_OR_RETURN(const Manifest manifest, Manifest::Parse(info->bytes, info->media_type));
    GANTRY_RETURN_IF_ERROR(walk_.Count(static_cast<int64_t>(info->bytes.size())));
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
    if (manifest.config) {
      source.blobs.push_back(BlobOf(*manifest.config));
      GANTRY_RETURN_IF_ERROR(AddPlatform(platform, *manifest.config));
    }
    for (const Descriptor& layer : manifest.layers) source.blobs.push_back(BlobOf(layer));
    walk_.Add(std::move(source));
    return absl::OkStatus();
  }

  // An index says what its images are for; one that stands by itself has it in its config.
  absl::Status AddPlatform(const std::optional<Platform>& named, const Descriptor& config) {
    if (named) walk_.AddPlatform(*named);
    if (named || !media_type::IsImageConfig(config.media_type)) return absl::OkStatus();
    std::string bytes;
    GANTRY_RETURN_IF_ERROR(Retry(call_, {}, [&]() -> absl::Status {
      const auto reader = StreamFrom(call_, [&](const CallContext& inner, ByteWriter& out) {
        return registry_.GetBlob(inner, repository_, config.digest, /*offset=*/0, out);
      });
      GANTRY_ASSIGN_OR_RETURN(bytes, ReadAll(*reader, kMaxManifestBytes));
      return absl::OkStatus();
    }));
    GANTRY_RETURN_IF_ERROR(walk_.Count(static_cast<int64_t>(bytes.size())));
    if (Digest::Of(bytes) != config.digest) {
      return DataLoss(reason::kIntegrity, "the registry sent {} for config {}",
                      Digest::Of(bytes).text(), config.digest.text())
          .Remedy("check the registry and the proxies in front of it for what changes content");
    }
    GANTRY_ASSIGN_OR_RETURN(const ImageConfig parsed, ImageConfig::Parse(bytes));
    walk_.AddPlatform(parsed.platform);
    return absl::OkStatus();
  }

  const CallContext& call_;
  RegistryClient& registry_;
  const std::string& repository_;
  ImageWalk walk_;
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

#include "gantryd/images/caller_source.h"

#include <algorithm>

#include "base/status.h"
#include "oci/diff_id_reader.h"
#include "oci/skip_bytes.h"

namespace gantry {
namespace {

constexpr size_t kMaxLayers = 10'000;
constexpr int kDefaultReads = 64;

Error Invalid(std::string_view why) {
  return InvalidArgument(reason::kSourceInvalid, "the caller's image is not whole: {}", why);
}

}  // namespace

absl::StatusOr<SourceImage> CallerSource::Load(const CallContext& call) {
  ImageWalk walk;
  if (image_.root) {
    GANTRY_RETURN_IF_ERROR(AddManifest(call, *image_.root, 0, walk));
  } else {
    GANTRY_RETURN_IF_ERROR(AddAssembled(call, walk));
  }
  return walk.Finish();
}

absl::StatusOr<std::unique_ptr<ByteReader>> CallerSource::OpenBlob(const CallContext& call,
                                                                   const SourceBlob& blob,
                                                                   int64_t offset) {
  if (blob.digest) return image_.blobs->Open(call, blob.key(), offset, blob.size);
  // Other pushes will take the layer's diffID for what is stored now, so that a lie would spread.
  GANTRY_ASSIGN_OR_RETURN(auto layer,
                          image_.blobs->Open(call, blob.key(), 0, std::nullopt));
  auto checked = CheckGzipDiffId(call, std::move(layer), *blob.diff_id);
  GANTRY_RETURN_IF_ERROR(SkipBytes(call, *checked, offset).status());
  return checked;
}

int CallerSource::max_parallel_reads() const {
  return image_.max_parallel_reads > 0 ? std::min(image_.max_parallel_reads, kDefaultReads)
                                       : kDefaultReads;
}

int64_t CallerSource::ReadRank(const SourceBlob& blob) const {
  const auto it = image_.read_ranks.find(blob.key());
  return it == image_.read_ranks.end() ? 0 : it->second;
}

absl::Status CallerSource::AddManifest(const CallContext& call, const Descriptor& descriptor,
                                       int depth, ImageWalk& walk) {
  GANTRY_ASSIGN_OR_RETURN(const bool is_new, walk.Enter(descriptor.digest.text(), depth));
  if (!is_new) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(std::string bytes, ReadDocument(call, descriptor.digest, descriptor.size,
                                                          "manifest", walk));
  GANTRY_ASSIGN_OR_RETURN(const Manifest manifest, Manifest::Parse(bytes, descriptor.media_type));
  SourceManifest entry;
  entry.descriptor = descriptor;
  entry.descriptor->media_type = manifest.media_type;
  for (const Descriptor& child : manifest.manifests) {
    GANTRY_RETURN_IF_ERROR(AddManifest(call, child, depth + 1, walk));
  }
  if (manifest.config) {
    entry.blobs.push_back(BlobOf(*manifest.config));
    GANTRY_RETURN_IF_ERROR(AddPlatform(call, descriptor, *manifest.config, walk));
  }
  for (const Descriptor& layer : manifest.layers) entry.blobs.push_back(BlobOf(layer));
  entry.bytes = std::move(bytes);
  walk.Add(std::move(entry));
  return absl::OkStatus();
}

absl::Status CallerSource::AddPlatform(const CallContext& call, const Descriptor& manifest,
                                       const Descriptor& config, ImageWalk& walk) {
  if (manifest.platform) {
    walk.AddPlatform(*manifest.platform);
    return absl::OkStatus();
  }
  if (!media_type::IsImageConfig(config.media_type)) return absl::OkStatus();
  GANTRY_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadDocument(call, config.digest, config.size, "config", walk));
  GANTRY_ASSIGN_OR_RETURN(const ImageConfig parsed, ImageConfig::Parse(bytes));
  walk.AddPlatform(parsed.platform);
  return absl::OkStatus();
}

absl::Status CallerSource::AddAssembled(const CallContext& call, ImageWalk& walk) {
  const std::vector<SourceBlob>& blobs = image_.assembled;
  if (blobs.empty()) return Invalid("it names neither a manifest nor a config");
  if (blobs.size() > kMaxLayers) return Invalid("it has too many layers");
  if (!blobs.front().digest) return Invalid("its config has no digest");
  GANTRY_ASSIGN_OR_RETURN(const std::string bytes,
                          ReadDocument(call, *blobs.front().digest, blobs.front().size, "config",
                                       walk));
  GANTRY_ASSIGN_OR_RETURN(const ImageConfig config, ImageConfig::Parse(bytes));
  if (config.diff_ids.size() + 1 != blobs.size()) {
    return Invalid(fmt::format("its config names {} layers, and {} are given",
                               config.diff_ids.size(), blobs.size() - 1));
  }
  SourceManifest entry;
  entry.blobs = blobs;
  for (size_t i = 1; i < entry.blobs.size(); ++i) {
    SourceBlob& layer = entry.blobs[i];
    const Digest& diff_id = config.diff_ids[i - 1];
    if (layer.diff_id && *layer.diff_id != diff_id) {
      return InvalidArgument(reason::kDigestMismatch,
                             "layer {} has the diffID {}, and its config says {}", i,
                             layer.diff_id->text(), diff_id.text())
          .With("expected", diff_id.text())
          .With("actual", layer.diff_id->text());
    }
    if (!layer.digest && !layer.diff_id) {
      return Invalid(fmt::format("layer {} has neither digest nor diff_id", i));
    }
    if (layer.size < 0) return Invalid(fmt::format("layer {} has a negative size", i));
    layer.diff_id = diff_id;
  }
  walk.AddPlatform(config.platform);
  walk.Add(std::move(entry));
  return absl::OkStatus();
}

absl::StatusOr<std::string> CallerSource::ReadDocument(const CallContext& call,
                                                       const Digest& digest, int64_t size,
                                                       std::string_view what, ImageWalk& walk) {
  GANTRY_RETURN_IF_ERROR(call.Check());
  if (size <= 0 || size > static_cast<int64_t>(kMaxManifestBytes)) {
    return Invalid(
        fmt::format("{} {} has a size of {}; 1 byte to 4 MiB is right", what, digest.text(), size));
  }
  GANTRY_RETURN_IF_ERROR(walk.Count(size));
  GANTRY_ASSIGN_OR_RETURN(const auto reader, image_.blobs->Open(call, digest.text(), 0, size));
  GANTRY_ASSIGN_OR_RETURN(std::string bytes, ReadAll(*reader, static_cast<size_t>(size)));
  const Digest actual = Digest::Of(bytes);
  if (static_cast<int64_t>(bytes.size()) == size && actual == digest) return bytes;
  return InvalidArgument(reason::kDigestMismatch,
                         "{} {} is not what its digest and its size of {} bytes say", what,
                         digest.text(), size)
      .With("expected", digest.text())
      .With("actual", actual.text())
      .Remedy("the image may be changing or damaged: make it again, and push it again");
}

}  // namespace gantry

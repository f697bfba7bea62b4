#include "push/push_engine.h"

#include <utility>

#include "base/status.h"
#include "push/blob_set.h"
#include "push/manifest_upload.h"

namespace gantry {
namespace {

// One push, from the source's manifests to the tags.
class Push {
 public:
  Push(const CallContext& call, const PushTarget& target, const SourceImage& image)
      : call_(call), target_(target), image_(image) {}

  absl::StatusOr<PushedImage> Run() {
    GANTRY_RETURN_IF_ERROR(FindWhatIsThere());
    GANTRY_ASSIGN_OR_RETURN(stored_, UploadBlobs(call_, target_, Missing(), /*force=*/false));
    std::optional<ReadyManifest> root;
    for (size_t i = 0; i < image_.manifests.size(); ++i) {
      GANTRY_ASSIGN_OR_RETURN(root, Ready(image_.manifests[i]));
      size_bytes_ += static_cast<int64_t>(root->bytes.size());
      if (there_[i]) continue;
      GANTRY_RETURN_IF_ERROR(PutManifest(call_, target_, *root, [&] { return Heal(i); }));
    }
    for (const std::string& tag : target_.plan.tags) {
      GANTRY_RETURN_IF_ERROR(PutTag(call_, target_, *root, tag));
    }
    for (const auto& [key, blob] : AllBlobs()) size_bytes_ += SizeOf(blob);
    return PushedImage{.digest = root->digest,
                       .media_type = root->media_type,
                       .size_bytes = size_bytes_,
                       .platforms = image_.platforms,
                       .tags = target_.plan.tags};
  }

 private:
  // A manifest that this very repository has, names blobs that it has: they need no look.
  absl::Status FindWhatIsThere() {
    for (const SourceManifest& manifest : image_.manifests) {
      bool there = false;
      if (manifest.descriptor) {
        GANTRY_ASSIGN_OR_RETURN(there, HasManifest(call_, target_, manifest.descriptor->digest));
      }
      there_.push_back(there);
    }
    for (size_t i = 0; i < there_.size(); ++i) {
      if (!there_[i]) continue;
      for (const SourceBlob& blob : image_.manifests[i].blobs) {
        if (!blob.urls.empty()) continue;
        target_.progress.OnBlob({.blob = blob.key(),
                                 .media_type = blob.media_type,
                                 .state = BlobState::kExisting,
                                 .size_bytes = blob.size});
      }
    }
    return absl::OkStatus();
  }

  // Each blob once; a foreign layer stays where its URLs say.
  static void Add(const SourceManifest& manifest, std::map<std::string, SourceBlob>& blobs) {
    for (const SourceBlob& blob : manifest.blobs) {
      if (blob.urls.empty()) blobs.emplace(blob.key(), blob);
    }
  }
  std::map<std::string, SourceBlob> AllBlobs() const {
    std::map<std::string, SourceBlob> blobs;
    for (const SourceManifest& manifest : image_.manifests) Add(manifest, blobs);
    return blobs;
  }
  std::map<std::string, SourceBlob> Missing() const {
    std::map<std::string, SourceBlob> blobs;
    for (size_t i = 0; i < image_.manifests.size(); ++i) {
      if (!there_[i]) Add(image_.manifests[i], blobs);
    }
    return blobs;
  }

  int64_t SizeOf(const SourceBlob& blob) const {
    const auto it = stored_.find(blob.key());
    return it == stored_.end() ? blob.size : it->second.size;
  }

  // Exact bytes where the source has them; else an OCI manifest of what the blobs have become.
  absl::StatusOr<ReadyManifest> Ready(const SourceManifest& manifest) const {
    if (manifest.descriptor) {
      return ReadyManifest{manifest.descriptor->media_type, manifest.descriptor->digest,
                           manifest.bytes};
    }
    std::vector<Descriptor> parts;
    for (const SourceBlob& blob : manifest.blobs) {
      const auto it = stored_.find(blob.key());
      if (it == stored_.end())
        return Internal(reason::kInternal, "blob {} was not stored", blob.key());
      parts.push_back({.media_type = blob.media_type,
                       .digest = it->second.digest,
                       .size = it->second.size,
                       .urls = {},
                       .platform = std::nullopt,
                       .annotations = {}});
    }
    const Descriptor config = parts.front();
    parts.erase(parts.begin());
    std::string bytes = WriteManifest(config, parts);
    if (bytes.size() > kMaxManifestBytes) {
      return InvalidArgument(reason::kSourceInvalid,
                             "the image has so many layers, {}, that its manifest would be longer "
                             "than 4 MiB",
                             parts.size())
          .Remedy("build it with fewer layers: registries take no longer manifest");
    }
    const Digest digest = Digest::Of(bytes);
    return ReadyManifest{std::string(media_type::kOciManifest), digest, std::move(bytes)};
  }

  // Sends again what was left out because the registry said that it had it.
  absl::Status Heal(size_t manifest) {
    std::map<std::string, SourceBlob> blobs;
    Add(image_.manifests[manifest], blobs);
    std::erase_if(blobs, [&](const auto& entry) {
      const auto it = stored_.find(entry.first);
      return it != stored_.end() && !it->second.unsent;
    });
    return UploadBlobs(call_, target_, blobs, /*force=*/true).status();
  }

  const CallContext& call_;
  const PushTarget& target_;
  const SourceImage& image_;
  std::vector<bool> there_;  // of each manifest: the repository has it
  StoredBlobs stored_;
  int64_t size_bytes_ = 0;
};

}  // namespace

absl::StatusOr<PushedImage> PushEngine::Push(const CallContext& call, const PushPlan& plan,
                                             RegistryClient& registry, ImageSource& source,
                                             ProgressSink& progress) {
  GANTRY_ASSIGN_OR_RETURN(const SourceImage image, source.Load(call));
  for (const std::string& notice : image.notices) progress.OnNotice(notice);
  if (image.manifests.empty()) {
    return InvalidArgument(reason::kSourceInvalid, "the source holds no image");
  }
  BodyLimit body_limit(plan.min_part_bytes);
  const PushTarget target{plan, registry, source, layers_, progress, body_limit};
  return gantry::Push(call, target, image).Run();
}

}  // namespace gantry

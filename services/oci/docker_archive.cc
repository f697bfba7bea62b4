#include "oci/docker_archive.h"

#include <array>
#include <utility>

#include "base/status.h"
#include "oci/compression.h"
#include "oci/json.h"
#include "oci/oci_layout.h"
#include "oci/reference.h"

namespace gantry {
namespace {

// One entry of manifest.json.
struct Entry {
  std::string config;
  std::vector<std::string> repo_tags, layers;
};

std::vector<std::string> Strings(const Json* array) {
  std::vector<std::string> out;
  if (!array) return out;
  for (const Json& item : *array) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

absl::StatusOr<std::vector<Entry>> ParseEntries(const std::string& bytes) {
  GANTRY_ASSIGN_OR_RETURN(const Json json, ParseJson(bytes));
  std::vector<Entry> entries;
  if (!json.is_array()) return InvalidArgument(reason::kSourceInvalid, "it is not a list");
  for (const Json& item : json) {
    Entry entry;
    entry.config = GetString(item, "Config").value_or("");
    entry.repo_tags = Strings(GetArray(item, "RepoTags"));
    entry.layers = Strings(GetArray(item, "Layers"));
    if (entry.config.empty()) return InvalidArgument(reason::kSourceInvalid, "an image has no Config");
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::string FullName(const std::string& name) {
  const auto reference = Reference::Parse(name);
  if (!reference.ok()) return name;
  return reference->host() + "/" + reference->repository() + ":" + reference->manifest_key();
}

absl::StatusOr<Entry> Select(const std::vector<Entry>& entries, const std::string& selector,
                             const std::string& where) {
  if (selector.empty() && entries.size() == 1) return entries[0];
  std::string names;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& tags = entries[i].repo_tags;
    names += (i ? ", " : "") + (tags.empty() ? "@" + std::to_string(i) : tags[0]);
    if (selector == "@" + std::to_string(i)) return entries[i];
    for (const std::string& tag : tags) {
      if (!selector.empty() && FullName(tag) == FullName(selector)) return entries[i];
    }
  }
  if (entries.empty()) return InvalidArgument(reason::kSourceInvalid, "{} holds no image", where);
  if (selector.empty()) {
    return InvalidArgument(reason::kSourceAmbiguous, "{} holds several images: {}", where,
                           Excerpt(names, 400))
        .Remedy("name one of them behind a colon, or its position as '@0'");
  }
  return NotFound(reason::kSourceNotFound, "{} holds no image '{}', but {}", where,
                  Excerpt(selector, 200), Excerpt(names, 400))
      .Remedy("name one that it holds");
}

// Passes an uncompressed layer on; its end comes only if it is what its diffID says.
class DiffIdReader final : public ByteReader {
 public:
  DiffIdReader(std::unique_ptr<ByteReader> input, Digest diff_id)
      : input_(std::move(input)), diff_id_(std::move(diff_id)) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, input_->Read(buffer));
    if (n > 0) {
      hash_.Update({buffer.data(), n});
    } else if (!buffer.empty() && hash_.Finish() != diff_id_) {
      return InvalidArgument(reason::kDigestMismatch, "the layer's bytes have digest {}, the config "
                                                      "says {}", hash_.Finish().text(), diff_id_.text())
          .Remedy("the archive is damaged; save the image again");
    }
    return n;
  }

 private:
  const std::unique_ptr<ByteReader> input_;
  const Digest diff_id_;
  Sha256 hash_;
};

absl::Status SkipBytes(const CallContext& call, ByteReader& reader, int64_t bytes) {
  std::array<char, 64 << 10> waste;
  while (bytes > 0) {
    GANTRY_RETURN_IF_ERROR(call.Check());
    const auto want = std::min<int64_t>(bytes, static_cast<int64_t>(waste.size()));
    GANTRY_ASSIGN_OR_RETURN(const size_t n,
                            reader.Read(std::span(waste).first(static_cast<size_t>(want))));
    if (n == 0) return absl::OkStatus();
    bytes -= static_cast<int64_t>(n);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SourceImage> DockerArchiveSource::Load(const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const bool is_layout, IsOciLayout(call, *files_));
  if (is_layout) {
    layout_ = std::make_unique<OciLayoutSource>(std::move(files_), selector_);
    return layout_->Load(call);
  }
  GANTRY_ASSIGN_OR_RETURN(const auto index, files_->Find(call, "manifest.json"));
  if (!index) {
    return InvalidArgument(reason::kSourceInvalid, "{} is not an archive of 'docker save': it has no "
                                                   "manifest.json", files_->name())
        .Remedy("for an OCI layout write oci:… or oci-archive:…");
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string bytes, ReadDocument(call, *files_, "manifest.json"));
  auto entries = ParseEntries(bytes);
  if (!entries.ok()) return Annotate(entries.status(), files_->name() + ", manifest.json");
  GANTRY_ASSIGN_OR_RETURN(const Entry entry, Select(*entries, selector_, files_->name()));
  GANTRY_ASSIGN_OR_RETURN(const std::string config_bytes, ReadDocument(call, *files_, entry.config));
  GANTRY_ASSIGN_OR_RETURN(const ImageConfig config, ImageConfig::Parse(config_bytes));
  GANTRY_ASSIGN_OR_RETURN(const auto config_info, files_->Find(call, entry.config));

  SourceManifest manifest;
  manifest.blobs.push_back({.media_type = std::string(media_type::kOciConfig),
                            .digest = Digest::Of(config_bytes),
                            .size = static_cast<int64_t>(config_bytes.size()),
                            .diff_id = std::nullopt,
                            .urls = {}});
  places_[manifest.blobs[0].key()] = {entry.config, config_info->rank, false};
  GANTRY_RETURN_IF_ERROR(AddLayers(call, entry.layers, config.diff_ids, manifest));
  SourceImage image;
  if (!config.platform.os.empty()) image.platforms.push_back(config.platform.text());
  image.manifests.push_back(std::move(manifest));
  return image;
}

absl::Status DockerArchiveSource::AddLayers(const CallContext& call,
                                            const std::vector<std::string>& files,
                                            const std::vector<Digest>& diff_ids,
                                            SourceManifest& out) {
  if (files.size() != diff_ids.size()) {
    return InvalidArgument(reason::kSourceInvalid, "{} has {} layers, its config names {}",
                           files_->name(), files.size(), diff_ids.size())
        .Remedy("save the image again");
  }
  for (size_t i = 0; i < files.size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(const auto info, files_->Find(call, files[i]));
    if (!info) {
      return InvalidArgument(reason::kSourceInvalid, "{} has no layer {}", files_->name(),
                             Excerpt(files[i], 200))
          .Remedy("the image is not whole; save it again");
    }
    const Compression compression = DetectCompression(info->head);
    SourceBlob blob{.media_type = std::string(compression == Compression::kZstd
                                                  ? media_type::kOciLayerZstd
                                                  : media_type::kOciLayerGzip),
                    .digest = std::nullopt,
                    .size = 0,
                    .diff_id = diff_ids[i],
                    .urls = {}};
    places_[blob.key()] = {files[i], info->rank, compression == Compression::kNone};
    out.blobs.push_back(std::move(blob));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ByteReader>> DockerArchiveSource::OpenBlob(const CallContext& call,
                                                                          const SourceBlob& blob,
                                                                          int64_t offset) {
  if (layout_) return layout_->OpenBlob(call, blob, offset);
  const Place& place = places_.at(blob.key());
  if (!place.compress) return files_->Open(call, place.file, offset);
  GANTRY_ASSIGN_OR_RETURN(auto raw, files_->Open(call, place.file, 0));
  auto compressed = GzipCompress(std::make_unique<DiffIdReader>(std::move(raw), *blob.diff_id));
  GANTRY_RETURN_IF_ERROR(SkipBytes(call, *compressed, offset));
  return compressed;
}

int DockerArchiveSource::max_parallel_reads() const {
  return layout_ ? layout_->max_parallel_reads() : files_->max_parallel_reads();
}

int64_t DockerArchiveSource::ReadRank(const SourceBlob& blob) const {
  if (layout_) return layout_->ReadRank(blob);
  const auto it = places_.find(blob.key());
  return it == places_.end() ? 0 : it->second.rank;
}

}  // namespace gantry

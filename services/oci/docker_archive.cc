#include "oci/docker_archive.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "oci/compression.h"
#include "oci/diff_id_reader.h"
#include "oci/image_walk.h"
#include "oci/json.h"
#include "oci/oci_layout.h"
#include "oci/reference.h"
#include "oci/skip_bytes.h"

namespace gantry {
namespace {

// One entry of manifest.json.
struct Entry {
  std::string config;
  std::vector<std::string> repo_tags, layers;
};

Error Invalid(std::string_view what) {
  return InvalidArgument(reason::kSourceInvalid, "{}", what)
      .Remedy("the archive is damaged; save the image again");
}

std::vector<std::string> Strings(const Json* array) {
  std::vector<std::string> out;
  if (!array) return out;
  for (const Json& item : *array) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

absl::StatusOr<std::vector<Entry>> ParseEntries(const std::string& bytes) {
  const auto json = ParseJson(bytes);
  if (!json.ok()) return Invalid(MessageOf(json.status()));
  std::vector<Entry> entries;
  if (!json->is_array()) return Invalid("it is not a list");
  for (const Json& item : *json) {
    Entry entry;
    entry.config = GetString(item, "Config").value_or("");
    entry.repo_tags = Strings(GetArray(item, "RepoTags"));
    entry.layers = Strings(GetArray(item, "Layers"));
    if (entry.config.empty()) return Invalid("an image has no Config");
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
  if (entries.empty()) return Invalid(where + " holds no image");
  if (selector.empty()) {
    return InvalidArgument(reason::kSourceAmbiguous, "{} holds several images: {}", where,
                           Excerpt(names, 400))
        .Remedy("name one of them behind a colon, or its position as '@0'");
  }
  return NotFound(reason::kSourceNotFound, "{} holds no image '{}', but {}", where,
                  Excerpt(selector, 200), Excerpt(names, 400))
      .Remedy("name one that it holds");
}

// "@N" counts the images as manifest.json does; index.json has one entry for each name of an image.
absl::StatusOr<std::string> SelectInIndex(const CallContext& call, FileSet& files,
                                          const std::string& selector) {
  if (selector.substr(0, 1) != "@") return selector;
  GANTRY_ASSIGN_OR_RETURN(const std::string bytes, ReadDocument(call, files, "index.json"));
  GANTRY_ASSIGN_OR_RETURN(const Manifest index, Manifest::Parse(bytes, media_type::kOciIndex));
  std::vector<std::string> images;
  for (const Descriptor& d : index.manifests) {
    if (std::find(images.begin(), images.end(), d.digest.text()) != images.end()) continue;
    images.push_back(d.digest.text());
    if (selector == fmt::format("@{}", images.size() - 1)) return images.back();
  }
  return NotFound(reason::kSourceNotFound, "{} holds no image '{}', but {} images", files.name(),
                  Excerpt(selector, 200), images.size())
      .Remedy("name one that it holds");
}

}  // namespace

absl::StatusOr<SourceImage> DockerArchiveSource::Load(const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const bool is_layout, IsOciLayout(call, *files_));
  if (is_layout) {
    GANTRY_ASSIGN_OR_RETURN(std::string selector, SelectInIndex(call, *files_, selector_));
    layout_ = std::make_unique<OciLayoutSource>(std::move(files_), std::move(selector));
    return layout_->Load(call);
  }
  GANTRY_ASSIGN_OR_RETURN(const auto index, files_->Find(call, "manifest.json"));
  if (!index) {
    return InvalidArgument(reason::kSourceInvalid, "{} is not an archive of 'docker save': it has no "
                                                   "manifest.json", files_->name())
        .Remedy("save the image again; a file of another kind is none that can be pushed");
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
  ImageWalk walk;
  walk.AddPlatform(config.platform);
  walk.Add(std::move(manifest));
  return walk.Finish();
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
    if (!info) return NoSuchFile(files_->name(), files[i]);
    const Compression compression = DetectCompression(info->head);
    if (compression != Compression::kNone && compression != Compression::kGzip) {
      return InvalidArgument(reason::kSourceInvalid, "layer {} in {} is compressed by {}",
                             Excerpt(files[i], 200), files_->name(), NameOf(compression))
          .Remedy("'docker save' does not compress layers; an OCI archive may have them by zstd");
    }
    SourceBlob blob{.media_type = std::string(media_type::kOciLayerGzip),
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
  if (blob.digest) return files_->Open(call, place.file, offset);
  // Only from its first byte on can a layer be compressed, or checked against its diffID.
  GANTRY_ASSIGN_OR_RETURN(auto stored, files_->Open(call, place.file, 0));
  auto layer = place.compress
                   ? GzipCompress(CheckTarDiffId(std::move(stored), *blob.diff_id))
                   : CheckGzipDiffId(call, std::move(stored), *blob.diff_id);
  GANTRY_RETURN_IF_ERROR(SkipBytes(call, *layer, offset).status());
  return layer;
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

#include "oci/oci_layout.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "oci/image_walk.h"
#include "oci/json.h"
#include "oci/reference.h"

namespace gantry {
namespace {

constexpr char kRefName[] = "org.opencontainers.image.ref.name";
constexpr char kImageName[] = "io.containerd.image.name";  // what Docker's containerd store writes

std::string BlobName(const Digest& digest) { return "blobs/sha256/" + std::string(digest.hex()); }

std::string Annotation(const Descriptor& d, const char* key) {
  const auto it = d.annotations.find(key);
  return it == d.annotations.end() ? "" : it->second;
}

bool SameImage(const std::string& a, const std::string& b) {
  const auto x = Reference::Parse(a), y = Reference::Parse(b);
  if (!x.ok() || !y.ok()) return a == b;
  const auto tag = [](const Reference& r) { return r.tag().empty() ? "latest" : r.tag(); };
  return x->host() == y->host() && x->repository() == y->repository() && tag(*x) == tag(*y);
}

bool Matches(const Descriptor& d, const std::string& selector) {
  return d.digest.text() == selector || Annotation(d, kRefName) == selector ||
         (!Annotation(d, kImageName).empty() && SameImage(Annotation(d, kImageName), selector));
}

// Docker, "Image attestation storage": a statement about a manifest beside it.
bool IsAttestation(const Descriptor& d) {
  return Annotation(d, "vnd.docker.reference.type") == "attestation-manifest";
}

std::string NameOf(const Descriptor& d) {
  const std::string name = Annotation(d, kImageName);
  if (!name.empty()) return name;
  return Annotation(d, kRefName).empty() ? d.digest.text() : Annotation(d, kRefName);
}

absl::StatusOr<Descriptor> Select(const std::vector<Descriptor>& images,
                                  const std::string& selector, const std::string& where) {
  if (images.empty()) {
    return InvalidArgument(reason::kSourceInvalid, "{} holds no image", where)
        .Remedy("save or copy the image again");
  }
  // One image under several names is one image.
  const bool only_one = std::all_of(images.begin(), images.end(), [&](const Descriptor& d) {
    return d.digest == images[0].digest;
  });
  if (selector.empty() && only_one) return images[0];
  std::string names;
  for (const Descriptor& d : images) names += (names.empty() ? "" : ", ") + Excerpt(NameOf(d), 100);
  if (selector.empty()) {
    return InvalidArgument(reason::kSourceAmbiguous, "{} holds several images: {}", where,
                           Excerpt(names, 400))
        .Remedy("name one of them behind a colon, or its position as '@0'");
  }
  if (selector[0] == '@' && selector.size() > 1 && selector.size() < 6 &&
      selector.find_first_not_of("0123456789", 1) == selector.npos) {
    const auto n = static_cast<size_t>(std::stoi(selector.substr(1)));
    if (n < images.size()) return images[n];
  }
  for (const Descriptor& d : images) {
    if (Matches(d, selector)) return d;
  }
  return NotFound(reason::kSourceNotFound, "{} holds no image '{}', but {}", where,
                  Excerpt(selector, 200), Excerpt(names, 400))
      .Remedy("name one that it holds");
}

}  // namespace

absl::StatusOr<bool> IsOciLayout(const CallContext& call, FileSet& files) {
  GANTRY_ASSIGN_OR_RETURN(const auto marker, files.Find(call, "oci-layout"));
  GANTRY_ASSIGN_OR_RETURN(const auto index, files.Find(call, "index.json"));
  return marker && index;
}

// One Load(): from the root down, children first.
class OciLayoutSource::Walk {
 public:
  Walk(const CallContext& call, FileSet& files, std::map<std::string, int64_t>& ranks)
      : call_(call), files_(files), ranks_(ranks) {}

  absl::StatusOr<SourceImage> Run(const Descriptor& root) {
    GANTRY_RETURN_IF_ERROR(Add(root, /*depth=*/0));
    return walk_.Finish();
  }

 private:
  absl::Status Add(const Descriptor& d, int depth) {
    GANTRY_ASSIGN_OR_RETURN(const bool is_new, walk_.Enter(d.digest.text(), depth));
    if (!is_new) return absl::OkStatus();
    GANTRY_ASSIGN_OR_RETURN(std::string bytes, ReadChecked(d));
    GANTRY_ASSIGN_OR_RETURN(const Manifest manifest, Manifest::Parse(bytes, d.media_type));
    SourceManifest out;
    out.descriptor = d;
    out.descriptor->media_type = manifest.media_type;
    out.bytes = std::move(bytes);
    if (manifest.is_index) {
      GANTRY_ASSIGN_OR_RETURN(const bool replaced, AddChildren(manifest, depth));
      if (!replaced) walk_.Add(std::move(out));
      return absl::OkStatus();
    }
    GANTRY_RETURN_IF_ERROR(AddBlob(*manifest.config, out));
    for (const Descriptor& layer : manifest.layers) GANTRY_RETURN_IF_ERROR(AddBlob(layer, out));
    GANTRY_RETURN_IF_ERROR(AddPlatform(d, *manifest.config));
    walk_.Add(std::move(out));
    return absl::OkStatus();
  }

  // Docker saves an index of which it has only the platforms that were pulled.  When that is one, it
  // stands for the index, without what attests it: true.
  absl::StatusOr<bool> AddChildren(const Manifest& index, int depth) {
    std::vector<const Descriptor*> present, images;
    std::string missing;
    for (const Descriptor& child : index.manifests) {
      GANTRY_ASSIGN_OR_RETURN(const auto info, files_.Find(call_, BlobName(child.digest)));
      if (info) {
        present.push_back(&child);
        if (!IsAttestation(child)) images.push_back(&child);
      } else {
        const std::string& digest = child.digest.text();
        missing += missing.empty() ? "" : ", ";
        missing += IsAttestation(child) ? "an attestation"
                   : child.platform     ? child.platform->text()
                                        : digest;
      }
    }
    const bool whole = present.size() == index.manifests.size();
    if (!whole && (images.size() != 1 || depth > 0)) {
      return InvalidArgument(reason::kSourceInvalid, "the image's index names manifests that are not "
                                                     "there: {}", Excerpt(missing, 300))
          .Remedy("save it again with all its platforms, or with one");
    }
    for (const Descriptor* child : whole ? present : images) {
      GANTRY_RETURN_IF_ERROR(Add(*child, depth + 1));
    }
    if (whole) return false;
    walk_.AddNotice("left out, since the source does not hold them: " + Excerpt(missing, 300));
    return true;
  }

  absl::StatusOr<std::string> ReadChecked(const Descriptor& d) {
    auto bytes = ReadDocument(call_, files_, BlobName(d.digest));
    if (!bytes.ok()) return bytes.status();
    GANTRY_RETURN_IF_ERROR(walk_.Count(static_cast<int64_t>(bytes->size())));
    if (static_cast<int64_t>(bytes->size()) == d.size && Digest::Of(*bytes) == d.digest) return bytes;
    return InvalidArgument(reason::kDigestMismatch, "{} in {} is not what its name says",
                           BlobName(d.digest), files_.name())
        .Remedy("the image is damaged; save or copy it again");
  }

  absl::Status AddBlob(const Descriptor& d, SourceManifest& out) {
    out.blobs.push_back(BlobOf(d));
    if (!d.urls.empty()) return absl::OkStatus();
    GANTRY_ASSIGN_OR_RETURN(const auto info, files_.Find(call_, BlobName(d.digest)));
    if (!info) return NoSuchFile(files_.name(), BlobName(d.digest));
    if (info->size != d.size) {
      return InvalidArgument(reason::kDigestMismatch, "{} in {} has {} bytes instead of {}",
                             BlobName(d.digest), files_.name(), info->size, d.size)
          .Remedy("the image is damaged; save or copy it again");
    }
    ranks_[d.digest.text()] = info->rank;
    return absl::OkStatus();
  }

  absl::Status AddPlatform(const Descriptor& manifest, const Descriptor& config) {
    std::optional<Platform> platform = manifest.platform;
    if (media_type::IsImageConfig(config.media_type)) {
      GANTRY_ASSIGN_OR_RETURN(const std::string bytes, ReadChecked(config));
      GANTRY_ASSIGN_OR_RETURN(const ImageConfig parsed, ImageConfig::Parse(bytes));
      if (!platform) platform = parsed.platform;
    }
    if (platform) walk_.AddPlatform(*platform);
    return absl::OkStatus();
  }

  const CallContext& call_;
  FileSet& files_;
  std::map<std::string, int64_t>& ranks_;
  ImageWalk walk_;
};

absl::StatusOr<SourceImage> OciLayoutSource::Load(const CallContext& call) {
  GANTRY_ASSIGN_OR_RETURN(const auto marker, files_->Find(call, "oci-layout"));
  if (!marker) {
    return InvalidArgument(reason::kSourceInvalid, "{} is not an OCI layout: it has no file oci-layout",
                           files_->name())
        .Remedy("for an archive of 'docker save' write docker-archive:…");
  }
  GANTRY_ASSIGN_OR_RETURN(const std::string bytes, ReadDocument(call, *files_, "index.json"));
  auto index = Manifest::Parse(bytes, media_type::kOciIndex);
  if (!index.ok()) return Annotate(index.status(), files_->name() + ", index.json");
  GANTRY_ASSIGN_OR_RETURN(const Descriptor root, Select(index->manifests, selector_, files_->name()));
  return Walk(call, *files_, ranks_).Run(root);
}

absl::StatusOr<std::unique_ptr<ByteReader>> OciLayoutSource::OpenBlob(const CallContext& call,
                                                                      const SourceBlob& blob,
                                                                      int64_t offset) {
  return files_->Open(call, BlobName(*blob.digest), offset);
}

int64_t OciLayoutSource::ReadRank(const SourceBlob& blob) const {
  const auto it = ranks_.find(blob.key());
  return it == ranks_.end() ? 0 : it->second;
}

}  // namespace gantry

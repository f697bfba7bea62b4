#include "gantryd/rpc/push_spec.h"

#include "base/status.h"
#include "gantryd/registries/field_violations.h"

namespace gantry {
namespace {

constexpr int kMaxLayers = 10'000;

absl::StatusOr<SourceBlob> BlobOf(const v1::Blob& blob, const std::string& field) {
  SourceBlob out;
  out.media_type = blob.media_type();
  out.size = blob.size();
  if (!blob.digest().empty()) {
    auto digest = Digest::Parse(blob.digest());
    if (!digest.ok()) return InvalidField(field + ".digest", MessageOf(digest.status()));
    out.digest = *std::move(digest);
  }
  if (!blob.diff_id().empty()) {
    auto diff_id = Digest::Parse(blob.diff_id());
    if (!diff_id.ok()) return InvalidField(field + ".diff_id", MessageOf(diff_id.status()));
    out.diff_id = *std::move(diff_id);
  }
  if (!out.digest && !out.diff_id) {
    return InvalidField(field, "a blob needs a digest, or a diff_id when it is compressed on the way");
  }
  if (out.size < 0) return InvalidField(field + ".size", "a size cannot be negative");
  return out;
}

absl::StatusOr<CallerImage> CallerImageOf(const v1::ClientImage& image, CallerBlobs& blobs) {
  CallerImage out;
  out.blobs = &blobs;
  if (image.max_parallel_reads() > 0) out.max_parallel_reads = image.max_parallel_reads();
  if (image.has_root()) {
    GANTRY_ASSIGN_OR_RETURN(const SourceBlob root, BlobOf(image.root(), "source.client.root"));
    if (!root.digest) return InvalidField("source.client.root.digest", "the root needs a digest");
    out.root = Descriptor{.media_type = root.media_type,
                          .digest = *root.digest,
                          .size = root.size,
                          .urls = {},
                          .platform = std::nullopt,
                          .annotations = {}};
    return out;
  }
  if (!image.has_assembled()) {
    return InvalidField("source.client", "name the root manifest, or the config and layers");
  }
  const v1::AssembledImage& assembled = image.assembled();
  if (assembled.layers_size() > kMaxLayers) {
    return InvalidField("source.client.assembled.layers", "more than 10,000 layers");
  }
  const auto add = [&](const v1::Blob& blob, const std::string& field) -> absl::Status {
    GANTRY_ASSIGN_OR_RETURN(SourceBlob source, BlobOf(blob, field));
    out.read_ranks[source.key()] = blob.read_rank();
    out.assembled.push_back(std::move(source));
    return absl::OkStatus();
  };
  GANTRY_RETURN_IF_ERROR(add(assembled.config(), "source.client.assembled.config"));
  if (!out.assembled[0].digest) {
    return InvalidField("source.client.assembled.config.digest", "the config needs a digest");
  }
  for (int i = 0; i < assembled.layers_size(); ++i) {
    GANTRY_RETURN_IF_ERROR(
        add(assembled.layers(i), fmt::format("source.client.assembled.layers[{}]", i)));
  }
  return out;
}

absl::StatusOr<SourceSpec> SourceOf(const v1::ImageSource& source, CallerBlobs& blobs) {
  switch (source.source_case()) {
    case v1::ImageSource::kReference: return SourceSpec(SourceReference{source.reference()});
    case v1::ImageSource::kDockerEngine: return SourceSpec(SourceEngine{source.docker_engine()});
    case v1::ImageSource::kDockerArchive:
      return SourceSpec(SourceDockerArchive{source.docker_archive()});
    case v1::ImageSource::kOciArchive: return SourceSpec(SourceOciArchive{source.oci_archive()});
    case v1::ImageSource::kOciLayout: return SourceSpec(SourceOciLayout{source.oci_layout()});
    case v1::ImageSource::kClient: {
      GANTRY_ASSIGN_OR_RETURN(CallerImage image, CallerImageOf(source.client(), blobs));
      return SourceSpec(std::move(image));
    }
    case v1::ImageSource::SOURCE_NOT_SET: break;
  }
  return InvalidField("source", "name what to push",
                      "for an image in a registry: {\"source\": {\"reference\": \"docker.io/…\"}}");
}

}  // namespace

absl::StatusOr<PushSpec> PushSpecOf(const v1::PushStart& start, CallerBlobs& blobs) {
  PushSpec spec;
  spec.registry = start.registry();
  spec.pipeline = start.pipeline();
  spec.version = start.version();
  spec.repository = start.repository();
  spec.tags.assign(start.tags().begin(), start.tags().end());
  GANTRY_ASSIGN_OR_RETURN(spec.source, SourceOf(start.source(), blobs));
  return spec;
}

}  // namespace gantry

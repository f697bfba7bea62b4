// Manifests and indexes: OCI image-spec and Docker schema 2, read but never rewritten.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/digest.h"

namespace gantry {

namespace media_type {
inline constexpr std::string_view kOciIndex = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kOciManifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kOciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kOciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerList =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerManifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
// What to accept when a manifest is asked for, best first.
inline constexpr std::string_view kAcceptManifests =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json";
bool IsIndex(std::string_view media_type);
bool IsManifest(std::string_view media_type);
bool IsImageConfig(std::string_view media_type);
}  // namespace media_type

// OCI distribution-spec: registries and clients need not take a longer manifest.
inline constexpr size_t kMaxManifestBytes = 4 << 20;

// "os/architecture[/variant]".
struct Platform {
  std::string os, architecture, variant;
  std::string text() const;
};

// OCI image-spec, "Content Descriptors".
struct Descriptor {
  std::string media_type;
  Digest digest;
  int64_t size;
  std::vector<std::string> urls;  // a foreign layer's; not pushed
  std::optional<Platform> platform;
  std::map<std::string, std::string> annotations;
};

// A parsed manifest or index.  Exactly the bytes it came from are what is pushed.
struct Manifest {
  std::string media_type;
  bool is_index = false;
  std::optional<Descriptor> config;    // of an image manifest
  std::vector<Descriptor> layers;      // of an image manifest, lowest first; may repeat or be empty
  std::vector<Descriptor> manifests;   // of an index

  // `declared_type` is the descriptor's or the Content-Type's and must agree with the manifest's own
  // mediaType where it has one.  Any nesting depth is safe.
  //   INVALID_ARGUMENT SOURCE_INVALID   not a manifest, too long (4 MiB), or a field that is wrong
  static absl::StatusOr<Manifest> Parse(std::string_view bytes, std::string_view declared_type);
};

// What Gantry needs of an image config.
struct ImageConfig {
  Platform platform;
  std::vector<Digest> diff_ids;
  static absl::StatusOr<ImageConfig> Parse(std::string_view bytes);
};

// The OCI manifest of a config and its layers; the same input gives the same bytes.
std::string WriteManifest(const Descriptor& config, const std::vector<Descriptor>& layers);

}  // namespace gantry

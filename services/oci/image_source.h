// Where an image comes from: one interface for archives, layouts, engines, registries and callers.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/call_context.h"
#include "oci/digest.h"
#include "oci/manifest.h"

namespace gantry {

// A blob as its source names it.
struct SourceBlob {
  std::string media_type;
  std::optional<Digest> digest;  // absent: the layer is compressed on the way, and diff_id is set
  int64_t size = 0;              // with digest
  std::optional<Digest> diff_id;  // of the uncompressed layer, where it is known
  std::vector<std::string> urls;  // not empty: a foreign layer, which stays where it is

  // What names the blob within its image: the digest's text, else the diffID's.
  const std::string& key() const { return digest ? digest->text() : diff_id->text(); }
};

// One manifest or index of an image, with what it needs.
struct SourceManifest {
  // Exact bytes and their descriptor; both absent when the manifest is to be written from `blobs`.
  std::optional<Descriptor> descriptor;
  std::string bytes;
  // Of an image manifest: the config first, then the layers, lowest first; may repeat.
  std::vector<SourceBlob> blobs;
};

// A whole image: children before the indexes that name them, the root last.
struct SourceImage {
  std::vector<SourceManifest> manifests;
  std::vector<std::string> platforms;  // "os/architecture[/variant]"
  std::vector<std::string> notices;    // what a person should know, e.g. a platform left out
};

// A place in a registry, from which another repository of the same registry can mount blobs.
struct RegistryOrigin {
  std::string host, repository;
};

// Load() comes first and once; then OpenBlob() from several threads at once.
class ImageSource {
 public:
  virtual ~ImageSource() = default;

  // Reads and checks all manifests and configs; no layer is read.
  //   NOT_FOUND SOURCE_NOT_FOUND, INVALID_ARGUMENT SOURCE_INVALID / SOURCE_AMBIGUOUS,
  //   FAILED_PRECONDITION SOURCE_UNREADABLE, and those of a registry
  virtual absl::StatusOr<SourceImage> Load(const CallContext& call) = 0;

  // The blob's bytes from `offset` on, as they go to the registry (a layer without a digest comes
  // compressed, by the same bytes every time).  The reader must not outlive the source and `call`.
  // Nothing is verified here: whoever reads, hashes.
  virtual absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                               const SourceBlob& blob,
                                                               int64_t offset) = 0;

  // How many blobs may be read at once; 1 when the source is one stream, which is then read best in
  // the order of ReadRank.
  virtual int max_parallel_reads() const { return 64; }
  // Where the blob stands in the source; blobs are read in ascending order.
  virtual int64_t ReadRank(const SourceBlob&) const { return 0; }

  virtual std::optional<RegistryOrigin> origin() const { return std::nullopt; }
};

}  // namespace gantry

// Archives of `docker save`: Docker's own format, or the OCI layout that newer engines put beside it.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "oci/file_set.h"
#include "oci/image_source.h"

namespace gantry {

// Docker's own format names layers by where they lie and holds them uncompressed: they are compressed
// on the way.  Compressed or not, they are checked against the diffIDs of the config while they are
// read: DIGEST_MISMATCH in place of a layer's end.  Where the archive is an OCI layout too,
// that is what is read, since it keeps the digests that the engine knows.
class DockerArchiveSource final : public ImageSource {
 public:
  // `selector`: a name as in RepoTags, or "@N" for the Nth image from 0.  Empty: the only one.
  DockerArchiveSource(std::unique_ptr<FileSet> files, std::string selector)
      : files_(std::move(files)), selector_(std::move(selector)) {}

  absl::StatusOr<SourceImage> Load(const CallContext& call) override;
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override;
  int max_parallel_reads() const override;
  int64_t ReadRank(const SourceBlob& blob) const override;

 private:
  // Where a blob lies.
  struct Place {
    std::string file;
    int64_t rank = 0;
    bool compress = false;
  };
  absl::Status AddLayers(const CallContext& call, const std::vector<std::string>& files,
                         const std::vector<Digest>& diff_ids, SourceManifest& out);

  std::unique_ptr<FileSet> files_;
  const std::string selector_;
  std::unique_ptr<ImageSource> layout_;   // set by Load, when the archive is an OCI layout
  std::map<std::string, Place> places_;   // by key; written by Load
};

}  // namespace gantry

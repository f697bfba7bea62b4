// OCI image layouts, in a directory or in a tar: OCI image-spec, "Image Layout".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "oci/file_set.h"
#include "oci/image_source.h"

namespace gantry {

// Manifests and configs are read and checked by Load(), layers by whoever pushes them.
class OciLayoutSource final : public ImageSource {
 public:
  // `selector` names one of several images: a name as in the annotations of index.json, a digest, or
  // "@N" for the Nth from 0.  Empty: the only one.
  OciLayoutSource(std::unique_ptr<FileSet> files, std::string selector)
      : files_(std::move(files)), selector_(std::move(selector)) {}

  absl::StatusOr<SourceImage> Load(const CallContext& call) override;
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override;
  int max_parallel_reads() const override { return files_->max_parallel_reads(); }
  int64_t ReadRank(const SourceBlob& blob) const override;

 private:
  class Walk;

  const std::unique_ptr<FileSet> files_;
  const std::string selector_;
  std::map<std::string, int64_t> ranks_;  // by key; written by Load
};

// Whether these files are an OCI layout.
absl::StatusOr<bool> IsOciLayout(const CallContext& call, FileSet& files);

}  // namespace gantry

// A source that reads one open file or directory of the daemon's disk.
#pragma once

#include <memory>
#include <string>

#include "gantryd/images/allowed_path.h"
#include "oci/image_source.h"

namespace gantry {

// Holds the file open as long as the source lives, and speaks of it by its path where the source
// only knows what opens it.  As thread-safe as the source.
class AnchoredSource final : public ImageSource {
 public:
  // `source` reads file.open_path().
  AnchoredSource(AllowedFile file, std::unique_ptr<ImageSource> source);
  ~AnchoredSource() override;

  absl::StatusOr<SourceImage> Load(const CallContext& call) override;
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override;
  int max_parallel_reads() const override { return source_->max_parallel_reads(); }
  int64_t ReadRank(const SourceBlob& blob) const override { return source_->ReadRank(blob); }

 private:
  absl::Status Named(const absl::Status& status) const;

  const AllowedFile file_;
  std::unique_ptr<ImageSource> source_;  // goes before the file
};

}  // namespace gantry

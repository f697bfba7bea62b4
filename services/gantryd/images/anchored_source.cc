#include "gantryd/images/anchored_source.h"

#include <utility>

#include "base/status.h"

namespace gantry {
namespace {

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

AnchoredSource::AnchoredSource(AllowedFile file, std::unique_ptr<ImageSource> source)
    : file_(std::move(file)), source_(std::move(source)) {}

AnchoredSource::~AnchoredSource() = default;

absl::StatusOr<SourceImage> AnchoredSource::Load(const CallContext& call) {
  auto image = source_->Load(call);
  if (!image.ok()) return Named(image.status());
  return image;
}

absl::StatusOr<std::unique_ptr<ByteReader>> AnchoredSource::OpenBlob(const CallContext& call,
                                                                     const SourceBlob& blob,
                                                                     int64_t offset) {
  auto reader = source_->OpenBlob(call, blob, offset);
  if (!reader.ok()) return Named(reader.status());
  return reader;
}

absl::Status AnchoredSource::Named(const absl::Status& status) const {
  const std::string path = Excerpt(file_.path, 300);
  ErrorDetail detail = DetailOf(status);
  detail.remedy = Replaced(detail.remedy, file_.open_path(), path);
  for (auto& [key, value] : detail.metadata) value = Replaced(value, file_.open_path(), path);
  const std::string message = Replaced(std::string(MessageOf(status)), file_.open_path(), path);
  absl::Status named(status.code(), message);
  SetDetail(named, detail);
  return named;
}

}  // namespace gantry

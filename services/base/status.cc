#include "base/status.h"

#include <absl/strings/cord.h>

namespace gantry {
namespace {

constexpr char kPayloadUrl[] = "gantry/error-detail";

// The payload is a list of strings, each as "<length>:<bytes>".
void Append(std::string& out, std::string_view field) {
  out += fmt::format("{}:", field.size());
  out += field;
}

std::optional<std::string> Next(std::string_view& in) {
  size_t length = 0;
  const size_t colon = in.find(':');
  if (colon == in.npos) return std::nullopt;
  for (const char c : in.substr(0, colon)) length = length * 10 + static_cast<size_t>(c - '0');
  std::string field(in.substr(colon + 1, length));
  in.remove_prefix(colon + 1 + length);
  return field;
}

}  // namespace

ErrorDetail DetailOf(const absl::Status& status) {
  ErrorDetail detail;
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload) return detail;
  const std::string text(*payload);
  std::string_view in = text;
  detail.reason = Next(in).value_or("");
  detail.remedy = Next(in).value_or("");
  const std::string retry_after = Next(in).value_or("");
  if (!retry_after.empty()) detail.retry_after = std::chrono::milliseconds(std::stoll(retry_after));
  while (auto key = Next(in)) detail.metadata[*key] = Next(in).value_or("");
  return detail;
}

void SetDetail(absl::Status& status, const ErrorDetail& detail) {
  if (status.ok()) return;
  std::string text;
  Append(text, detail.reason);
  Append(text, detail.remedy);
  Append(text, detail.retry_after ? fmt::format("{}", detail.retry_after->count()) : "");
  for (const auto& [key, value] : detail.metadata) {
    Append(text, key);
    Append(text, value);
  }
  status.SetPayload(kPayloadUrl, absl::Cord(text));
}

std::string ReasonOf(const absl::Status& status) { return DetailOf(status).reason; }

absl::Status Annotate(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), fmt::format("{}: {}", context, MessageOf(status)));
  SetDetail(annotated, DetailOf(status));
  return annotated;
}

Error::operator absl::Status() const {
  absl::Status status(code_, message_);
  SetDetail(status, detail_);
  return status;
}

}  // namespace gantry

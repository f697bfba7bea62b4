#include "oci/error_hint.h"

#include <algorithm>
#include <cctype>

#include "base/status.h"

namespace gantry {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

std::string ValueOf(const ErrorDetail& detail, std::string_view key) {
  const auto it = detail.metadata.find(key);
  return it == detail.metadata.end() ? std::string() : it->second;
}

bool Fits(const ErrorHint& hint, const ErrorDetail& detail, std::string_view message) {
  if (hint.stage != ValueOf(detail, "stage")) return false;
  if (hint.status != 0 && ValueOf(detail, "httpStatus") != std::to_string(hint.status))
    return false;
  if (!hint.code.empty() && ValueOf(detail, "upstreamCode") != hint.code) return false;
  return hint.text.empty() || Contains(message, hint.text);
}

void Replace(std::string& text, std::string_view placeholder, const std::string& value) {
  for (size_t at = 0; (at = text.find(placeholder, at)) != text.npos; at += value.size()) {
    text.replace(at, placeholder.size(), value);
  }
}

}  // namespace

absl::Status WithHint(absl::Status status, const std::vector<ErrorHint>& hints) {
  if (status.ok() || hints.empty()) return status;
  ErrorDetail detail = DetailOf(status);
  // Only of an upstream: Gantry's own errors have remedies of their own.
  const bool of_upstream = detail.metadata.contains("httpStatus") ||
                           detail.metadata.contains("upstreamCode") ||
                           detail.metadata.contains("stage");
  if (!of_upstream) return status;
  const std::string_view message = MessageOf(status);
  const auto hint = std::find_if(hints.begin(), hints.end(),
                                 [&](const ErrorHint& h) { return Fits(h, detail, message); });
  if (hint == hints.end()) return status;
  detail.remedy = hint->remedy;
  Replace(detail.remedy, "{host}", ValueOf(detail, "registry"));
  Replace(detail.remedy, "{repository}", ValueOf(detail, "repository"));
  std::string text(message);
  if (!hint->meaning.empty() && !Contains(text, hint->meaning)) {
    text.erase(text.find_last_not_of(" .") + 1);  // strangers write sentences
    text += ": " + hint->meaning;
  }
  absl::Status hinted(status.code(), text);
  SetDetail(hinted, detail);
  return hinted;
}

}  // namespace gantry

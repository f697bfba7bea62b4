#include "oci/error_hint.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/status.h"
#include "base/strings.h"

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

// `unknown` stands in for a value that the error does not have.
void Replace(std::string& text, std::string_view placeholder, std::string value,
             std::string_view unknown) {
  if (value.empty()) value = unknown;
  for (size_t at = 0; (at = text.find(placeholder, at)) != text.npos; at += value.size()) {
    text.replace(at, placeholder.size(), value);
  }
}

}  // namespace

const ErrorHint* FindHint(const std::vector<ErrorHint>& hints, int status, std::string_view code,
                          std::string_view text, std::string_view stage) {
  const auto hint = std::find_if(hints.begin(), hints.end(), [&](const ErrorHint& h) {
    return h.stage == stage && (h.status == 0 || h.status == status) &&
           (h.code.empty() || EqualsIgnoreCase(h.code, code)) &&
           (h.text.empty() || Contains(text, h.text));
  });
  return hint == hints.end() ? nullptr : &*hint;
}

absl::Status WithHint(absl::Status status, const std::vector<ErrorHint>& hints) {
  if (status.ok() || hints.empty()) return status;
  ErrorDetail detail = DetailOf(status);
  // Only of an upstream: Gantry's own errors have remedies of their own.
  const bool of_upstream = detail.metadata.contains("httpStatus") ||
                           detail.metadata.contains("upstreamCode") ||
                           detail.metadata.contains("stage");
  if (!of_upstream) return status;
  const std::string_view message = MessageOf(status);
  const ErrorHint* const hint =
      FindHint(hints, std::atoi(ValueOf(detail, "httpStatus").c_str()),
               ValueOf(detail, "upstreamCode"), message, ValueOf(detail, "stage"));
  if (!hint) return status;
  detail.remedy = hint->remedy;
  Replace(detail.remedy, "{host}", ValueOf(detail, "registry"), "the registry");
  Replace(detail.remedy, "{repository}", ValueOf(detail, "repository"), "the repository");
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

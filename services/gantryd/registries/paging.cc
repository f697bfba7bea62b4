#include "gantryd/registries/paging.h"

#include <algorithm>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/names.h"
#include "oci/digest.h"

namespace gantry {
namespace {

constexpr int kDefaultPage = 100;
constexpr int kMaxPage = 1000;
constexpr size_t kChecksum = 12;
constexpr size_t kMaxToken = 16 << 10;

// Guards against mix-ups, not against forgery: a token gives no right that its list does not.
std::string Checksum(std::string_view scope, std::string_view cursor) {
  const Digest digest = Digest::Of(fmt::format("page\n{}\n{}", scope, cursor));
  return std::string(digest.hex().substr(0, kChecksum));
}

}  // namespace

absl::StatusOr<int> EffectivePageSize(int page_size) {
  if (page_size < 0) {
    return InvalidField("page_size", "must not be negative",
                        "leave it out for pages of 100, or give at most 1000");
  }
  return page_size == 0 ? kDefaultPage : std::min(page_size, kMaxPage);
}

std::string MakePageToken(std::string_view scope, std::string_view cursor) {
  std::string token = Base64Encode(Checksum(scope, cursor).append(cursor));
  std::replace(token.begin(), token.end(), '+', '-');
  std::replace(token.begin(), token.end(), '/', '_');
  while (!token.empty() && token.back() == '=') token.pop_back();
  return token;
}

absl::StatusOr<std::string> ReadPageToken(std::string_view scope, std::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  const bool ours =
      token.size() <= kMaxToken && Base64Decode(token, &text) && text.size() >= kChecksum &&
      text.substr(0, kChecksum) == Checksum(scope, std::string_view(text).substr(kChecksum));
  if (ours) return text.substr(kChecksum);
  return InvalidField("page_token", "is not a token of this list",
                      "give back next_page_token of the page before unchanged, with the same other "
                      "fields, or leave it out for the first page");
}

size_t BytesOf(const RegistryRecord& record) {
  return record.config_json.size() + record.ca_certificate.size() +
         record.client_certificate.size() + BytesOf(record.labels);
}

size_t BytesOf(const ConnectorRecord& record) {
  return record.config_json.size() + record.description.size() +
         record.verification_message.size() + BytesOf(record.labels);
}

}  // namespace gantry

#include "plugins/sdk/sigv4.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "plugins/sdk/crypto.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/timestamp.h"

namespace gantry::sdk {
namespace {

constexpr char kAlgorithm[] = "AWS4-HMAC-SHA256";
// On their way proxies and HTTP libraries change these.
constexpr std::string_view kUnsigned[] = {"authorization",     "connection", "expect",
                                          "transfer-encoding", "user-agent", "x-amzn-trace-id"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

struct UrlParts {
  std::string host, path, query;
};

UrlParts PartsOf(std::string_view url) {
  const bool tls = url.substr(0, 8) == "https://";
  if (const size_t scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('#'));
  UrlParts parts;
  if (const size_t question = url.find('?'); question != url.npos) {
    parts.query = url.substr(question + 1);
    url = url.substr(0, question);
  }
  const size_t slash = std::min(url.find('/'), url.size());
  parts.path = url.substr(slash);
  parts.host = Lower(url.substr(0, slash));
  // HTTP libraries leave the scheme's own port out of the header, too.
  const std::string_view port = tls ? ":443" : ":80";
  if (parts.host.ends_with(port)) parts.host.resize(parts.host.size() - port.size());
  return parts;
}

// RFC 3986, "Remove Dot Segments", and empty ones with them; what is percent-encoded already is
// encoded once more.
std::string CanonicalPath(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : Split(path, '/')) {
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string canonical;
  for (const std::string_view segment : kept) canonical += "/" + UrlEncode(segment);
  if (kept.empty() || path.ends_with("/")) canonical += '/';
  return canonical;
}

// The query of a URL is encoded already.
std::string CanonicalQuery(std::string_view query) {
  if (query.empty()) return "";
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  for (const std::string_view field : Split(query, '&')) {
    const size_t equals = std::min(field.find('='), field.size());
    fields.emplace_back(field.substr(0, equals), field.substr(std::min(equals + 1, field.size())));
  }
  std::sort(fields.begin(), fields.end());
  std::string canonical;
  for (const auto& [name, value] : fields) {
    if (!canonical.empty()) canonical += '&';
    canonical.append(name).append("=").append(value);
  }
  return canonical;
}

// Without white space at the ends, and one blank for each run of it within.
std::string Collapsed(std::string_view value) {
  std::string collapsed;
  bool gap = false;
  for (const char c : value) {
    if (std::string_view(" \t\r\n\v\f").find(c) != std::string_view::npos) {
      gap = !collapsed.empty();
      continue;
    }
    if (std::exchange(gap, false)) collapsed += ' ';
    collapsed += c;
  }
  return collapsed;
}

// By name in lower case, sorted; the values of one name in their order.
std::map<std::string, std::string> CanonicalHeaders(const Headers& headers) {
  std::map<std::string, std::string> canonical;
  for (const auto& [name, value] : headers) {
    const std::string lower = Lower(name);
    if (std::find(std::begin(kUnsigned), std::end(kUnsigned), lower) != std::end(kUnsigned)) {
      continue;
    }
    const auto [it, first] = canonical.try_emplace(lower, Collapsed(value));
    if (!first) it->second += "," + Collapsed(value);
  }
  return canonical;
}

void SetHeader(Headers& headers, std::string_view name, std::string value) {
  std::erase_if(headers, [&](const auto& header) { return SameText(header.first, name); });
  headers.emplace_back(name, std::move(value));
}

std::string Signature(const AwsKeys& keys, std::string_view date, std::string_view region,
                      std::string_view service, std::string_view string_to_sign) {
  const Secret secret("AWS4" + std::string(keys.secret_access_key.Reveal()));
  const Secret of_date(HmacSha256(secret.Reveal(), date));
  const Secret of_region(HmacSha256(of_date.Reveal(), region));
  const Secret of_service(HmacSha256(of_region.Reveal(), service));
  const Secret key(HmacSha256(of_service.Reveal(), "aws4_request"));
  return Hex(HmacSha256(key.Reveal(), string_to_sign));
}

}  // namespace

void SignAwsRequest(const AwsKeys& keys, std::string_view region, std::string_view service,
                    int64_t now_unix_ms, HttpRequest& request) {
  const UrlParts url = PartsOf(request.url);
  const std::string time = BasicTimestamp(now_unix_ms), date = time.substr(0, 8);
  SetHeader(request.headers, "Host", url.host);
  SetHeader(request.headers, "X-Amz-Date", time);
  if (!keys.session_token.empty()) {
    SetHeader(request.headers, "X-Amz-Security-Token", std::string(keys.session_token.Reveal()));
  }

  std::string headers, names;
  for (const auto& [name, value] : CanonicalHeaders(request.headers)) {
    headers += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical = request.method + "\n" + CanonicalPath(url.path) + "\n" +
                                CanonicalQuery(url.query) + "\n" + headers + "\n" + names + "\n" +
                                Hex(Sha256(request.body));
  const std::string scope =
      date + "/" + std::string(region) + "/" + std::string(service) + "/aws4_request";
  const std::string string_to_sign =
      std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" + Hex(Sha256(canonical));
  SetHeader(request.headers, "Authorization",
            std::string(kAlgorithm) + " Credential=" + keys.access_key_id + "/" + scope +
                ", SignedHeaders=" + names +
                ", Signature=" + Signature(keys, date, region, service, string_to_sign));
}

}  // namespace gantry::sdk

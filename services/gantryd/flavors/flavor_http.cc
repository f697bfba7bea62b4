#include "gantryd/flavors/flavor_http.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/characters.h"
#include "base/status.h"
#include "net/host_gate.h"
#include "net/retry.h"
#include "oci/url.h"

namespace gantry {
namespace {

constexpr size_t kMaxUrl = 8 << 10, kMaxHeaders = 64, kMaxHeaderValue = 32 << 10;
constexpr int kMaxRedirects = 5;
constexpr milliseconds kMetadataTimeout{2000};

// RFC 9110 §5.6.2 token: methods and header names.
bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), IsTokenChar);
}

// Copies bytes as they are; text that goes to a server is not scrubbed.
bool CopyBytes(gantry_str text, size_t limit, std::string* out) {
  if (text.size > limit || (text.data == nullptr && text.size != 0)) return false;
  out->assign(text.size == 0 ? "" : text.data, text.size);
  return true;
}

bool IsLine(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool MayWorkLater(int status) {
  return status == 408 || status == 429 || status == 502 || status == 503 || status == 504;
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What a flavor knows about its cloud's hosts does not hold for a service of the machine's own.
absl::Status WithoutStage(absl::Status status) {
  ErrorDetail detail = DetailOf(status);
  detail.metadata.erase("stage");
  SetDetail(status, detail);
  return status;
}

}  // namespace

absl::StatusOr<FlavorRequest> FlavorRequest::From(const gantry_http_request* raw) {
  const auto refuse = [](std::string_view why) {
    return InvalidArgument(reason::kInvalidArgument, "the flavor's request {}", why);
  };
  FlavorRequest request;
  if (raw == nullptr || raw->struct_size < sizeof *raw) return refuse("is cut short");
  if (!CopyBytes(raw->method, 32, &request.method) || !IsToken(request.method)) {
    return refuse("has no method");
  }
  if (!CopyBytes(raw->url, kMaxUrl, &request.url) || request.url.empty()) {
    return refuse("has no URL, or one over 8 KiB");
  }
  if (!std::all_of(request.url.begin(), request.url.end(),
                   [](char c) { return c > ' ' && c != 0x7f; })) {
    return refuse("has blanks or control characters in its URL");
  }
  if (!CopyBytes(raw->body, kMaxFlavorBodyBytes, &request.body)) {
    return refuse("has a body over 1 MiB");
  }
  if (raw->header_count > kMaxHeaders || (raw->headers == nullptr && raw->header_count != 0)) {
    return refuse("has more than 64 header fields");
  }
  for (size_t i = 0; i < raw->header_count; ++i) {
    std::string name, value;
    if (!CopyBytes(raw->headers[i].key, 100, &name) || !IsToken(name) ||
        !CopyBytes(raw->headers[i].value, kMaxHeaderValue, &value) || !IsLine(value)) {
      return refuse("has a header field that is malformed or over 32 KiB");
    }
    request.headers.Add(name, value);
  }
  request.secret_body = (raw->flags & GANTRY_HTTP_SECRET_BODY) != 0;
  const bool safe = request.method == "GET" || request.method == "HEAD";
  constexpr uint32_t kStay = uint32_t{GANTRY_HTTP_NO_REDIRECT} | GANTRY_HTTP_METADATA;
  request.follow_redirects = safe && (raw->flags & kStay) == 0;
  request.metadata = (raw->flags & GANTRY_HTTP_METADATA) != 0;
  request.idempotent = !request.metadata && (safe || (raw->flags & GANTRY_HTTP_IDEMPOTENT) != 0);
  return request;
}

absl::StatusOr<HttpResponse> SendForFlavor(InstanceHost& host, const CallContext& call,
                                           const FlavorRequest& request) {
  GANTRY_ASSIGN_OR_RETURN(Url url, Url::Parse(request.url));
  HttpRequest sent;
  sent.method = request.method;
  sent.headers = request.headers;
  sent.body = request.body;
  sent.max_body_bytes = kMaxFlavorBodyBytes;
  sent.secret_body = request.secret_body;
  sent.addresses = request.metadata ? AddressPolicy::kAny : AddressPolicy::kNotLocal;
  if (request.metadata) {
    sent.bypass_proxy = true;
    sent.connect_timeout = sent.response_timeout = kMetadataTimeout;
  }
  for (int redirects = 0;; ++redirects) {
    sent.url = url.text();
    sent.transport = host.TransportTo(url);
    auto answer =
        SendWithRetry(call, request.idempotent, [&] { return host.http().Do(call, sent); });
    if (!answer.ok()) {
      return request.metadata ? WithoutStage(answer.status()) : answer.status();
    }
    HttpResponse response = *std::move(answer);
    const auto location = response.headers.Get("Location");
    if (!request.follow_redirects || !IsRedirect(response.status) || !location) return response;
    if (redirects == kMaxRedirects) {
      return FailedPrecondition(reason::kUpstreamProtocol, "{} redirects without end", url.host);
    }
    GANTRY_ASSIGN_OR_RETURN(Url next, url.Resolve(*location));
    if (!next.SameOrigin(url)) {
      // Any header may carry a credential, whatever its name; what describes the answer stays.
      HttpHeaders kept;
      if (const auto accept = sent.headers.Get("Accept")) kept.Add("Accept", *accept);
      sent.headers = std::move(kept);
    }
    url = std::move(next);
  }
}

absl::StatusOr<HttpResponse> SendWithRetry(const CallContext& call, bool idempotent,
                                           absl::FunctionRef<absl::StatusOr<HttpResponse>()> send) {
  std::optional<HttpResponse> answer;
  const auto step = [&]() -> absl::Status {
    answer.reset();
    GANTRY_RETURN_IF_ERROR(call.Check());
    GANTRY_ASSIGN_OR_RETURN(answer, send());
    if (!MayWorkLater(answer->status)) return absl::OkStatus();
    Error later = Unavailable(reason::kUpstreamUnavailable, "HTTP status {}", answer->status);
    const auto wait =
        ParseRetryAfter(answer->headers.Get("Retry-After").value_or(""), call.clock().Now());
    if (wait) later.RetryAfter(*wait);
    return later;
  };
  RetryPolicy policy;
  policy.max_attempts = idempotent ? 3 : 1;
  const absl::Status status = Retry(call, policy, step);
  // An answer that could not be waited out is still an answer; a call that is over has none.
  if (!status.ok()) GANTRY_RETURN_IF_ERROR(call.Check());
  if (!answer) return status.ok() ? Internal(reason::kInternal, "no answer and no error") : status;
  if (answer->body_cut) {
    return FailedPrecondition(reason::kUpstreamProtocol,
                              "the answer is longer than a flavor may read");
  }
  return *std::move(answer);
}

}  // namespace gantry

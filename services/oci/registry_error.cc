#include "oci/registry_error.h"

#include <optional>

#include "base/status.h"
#include "base/strings.h"
#include "net/host_gate.h"
#include "oci/challenge.h"
#include "oci/json.h"

namespace gantry {
namespace {

constexpr size_t kMaxText = 200;  // bytes of a stranger's text in a message
constexpr char kBytesChanged[] =
    "the bytes changed on their way: check for a proxy that re-compresses or rewrites, then push "
    "again";

bool Mentions(const UpstreamMessage& message, std::string_view word) {
  return ToLower(message.text).find(word) != std::string::npos;
}

// Text between tags; scripts and styles are rare on error pages, and harmless.
std::string WithoutTags(std::string_view html) {
  std::string text;
  bool in_tag = false, pending_space = false;
  for (const char c : html) {
    if (c == '<') {
      in_tag = pending_space = true;
    } else if (c == '>') {
      in_tag = false;
    } else if (!in_tag) {
      const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
      if (!blank && pending_space && !text.empty()) text += ' ';
      if (!blank) text += c;
      pending_space = blank;
    }
  }
  return text;
}

void ReadJson(const Json& json, UpstreamMessage& message) {
  const Json* object = &json;
  if (const Json* errors = GetArray(json, "errors"); errors && !errors->empty()) {
    object = &errors->front();
  }
  message.code = Excerpt(GetString(*object, "code").value_or(""), 64);
  for (const char* key : {"message", "error_description", "details", "detail", "error"}) {
    if (auto text = GetString(*object, key); text && !text->empty()) {
      message.text = Excerpt(*text, kMaxText);
      break;
    }
  }
  const Json* detail = GetObject(*object, "detail");
  if (!detail) detail = GetArray(*object, "detail");
  if (detail && !detail->empty()) {
    const std::string dump = detail->dump(-1, ' ', false, Json::error_handler_t::replace);
    message.text += fmt::format("{}{}", message.text.empty() ? "" : " ", Excerpt(dump, kMaxText));
  }
  if (message.text.empty() && message.code.empty() && !json.empty()) {
    message.text = Excerpt(json.dump(-1, ' ', false, Json::error_handler_t::replace), kMaxText);
  }
}

// How one kind of refusal is told.
struct Verdict {
  absl::StatusCode code;
  std::string_view reason;
  std::string remedy;
};

Verdict Rejected(std::string remedy) {
  return {absl::StatusCode::kFailedPrecondition, reason::kUpstreamRejected, std::move(remedy)};
}
Verdict Denied(const ErrorContext& context, const UpstreamMessage& message) {
  std::string remedy = PermissionRemedy(context.host, context.repository);
  if (message.html) {
    remedy =
        "a proxy or firewall answered instead of the registry: allow this machine through, or "
        "set NO_PROXY for the registry's host";
  }
  return {absl::StatusCode::kPermissionDenied, reason::kUpstreamDenied, std::move(remedy)};
}
Verdict Throttled(const UpstreamMessage& message) {
  std::string remedy =
      "wait, and push less at once; a logged-in account usually has a higher limit";
  if (Mentions(message, "pull rate limit")) {
    remedy = "log in to the registry, upgrade the account, or pull through a mirror";
  }
  return {absl::StatusCode::kUnavailable, reason::kUpstreamThrottled, std::move(remedy)};
}
Verdict NoRegistry(const ErrorContext& context) {
  return {absl::StatusCode::kFailedPrecondition, reason::kUpstreamProtocol,
          fmt::format("use the registry's own host name, and check that the reverse proxy in front "
                      "of {} passes /v2/ on",
                      context.host)};
}
// Who says so has not done what was asked.
Verdict FalseYes(const ErrorContext& context) {
  return {absl::StatusCode::kDataLoss, reason::kIntegrity, NoRegistry(context).remedy};
}
Verdict Quota() {
  return {absl::StatusCode::kResourceExhausted, reason::kUpstreamQuota,
          "raise the registry's quota, or clean up images that are no longer needed"};
}
Verdict Conflict() {
  return {absl::StatusCode::kFailedPrecondition, reason::kUpstreamConflict,
          "the tag may not be moved: push under a new tag, or change the repository's immutability "
          "rule"};
}

Verdict JudgeUnauthorized(const HttpResponse& response, const ErrorContext& context,
                          const UpstreamMessage& message) {
  if (context.host == "docker.io" && Mentions(message, "insufficient scopes")) {
    return {absl::StatusCode::kPermissionDenied, reason::kUpstreamDenied,
            "create a new access token with \"Read & Write\" permission"};
  }
  for (const Challenge& challenge : ParseChallenges(response.headers.GetAll("WWW-Authenticate"))) {
    if (challenge.Get("error") == "insufficient_scope") return Denied(context, message);
  }
  return {absl::StatusCode::kFailedPrecondition, reason::kUpstreamAuthRejected,
          fmt::format("check the user and password or token for {}, and that it has not expired",
                      context.host)};
}

Verdict JudgeNotFound(const ErrorContext& context, const UpstreamMessage& message) {
  const Verdict no_repository{
      absl::StatusCode::kNotFound, reason::kRepositoryNotFound,
      fmt::format(
          "create the repository {} first, or check the registry's host, account and region",
          context.repository)};
  if (message.code == "NAME_UNKNOWN") return no_repository;
  const bool other_code = !message.code.empty() && message.code != "MANIFEST_UNKNOWN" &&
                          message.code != "BLOB_UNKNOWN" && message.code != "NOT_FOUND";
  if (message.html && message.code.empty()) return NoRegistry(context);
  if (!context.reference.empty() && !other_code) {
    return {absl::StatusCode::kNotFound, reason::kImageNotFound,
            fmt::format("check the tag or digest '{}', and list what is in {}", context.reference,
                        context.repository)};
  }
  if (context.repository.empty()) return NoRegistry(context);
  return other_code ? Rejected("") : no_repository;
}

// Codes that mean the same under every status (Docker and OCI error codes).
std::optional<Verdict> JudgeByCode(const ErrorContext& context, const UpstreamMessage& message) {
  const std::string& code = message.code;
  if (code == "BLOB_UPLOAD_UNKNOWN" || code == "BLOB_UPLOAD_INVALID") {
    return Rejected(
        "the registry forgot the upload; if that happens often, give all its replicas "
        "the same http.secret and shared storage, or sticky sessions");
  }
  if (code == "MANIFEST_BLOB_UNKNOWN") {
    return Rejected(
        "what the manifest names is missing or not yet visible in the registry: push "
        "again");
  }
  if (code == "MANIFEST_INVALID" || code == "MANIFEST_UNVERIFIED") {
    return Rejected(
        "the registry does not take this kind of manifest or layer; an older one may "
        "only take Docker schema 2 with gzip layers");
  }
  if (code == "DIGEST_INVALID") {
    return Verdict{absl::StatusCode::kDataLoss, reason::kIntegrity, kBytesChanged};
  }
  if (code == "SIZE_INVALID") return Rejected(kBytesChanged);
  if (code == "TOOMANYREQUESTS") return Throttled(message);
  if (code == "UNAVAILABLE") {
    return Verdict{absl::StatusCode::kUnavailable, reason::kUpstreamUnavailable,
                   fmt::format("try again; if it stays so, look at the state of {}", context.host)};
  }
  return std::nullopt;
}

Verdict Judge(const HttpResponse& response, const ErrorContext& context,
              const UpstreamMessage& message) {
  const int status = response.status;
  const bool client_error = status >= 400 && status < 500;
  const bool about_quota = Mentions(message, "quota") || Mentions(message, "storage limit");
  if (status == 507 || (client_error && status != 429 && status != 408 && about_quota)) {
    return Quota();
  }
  if (client_error && Mentions(message, "immutab")) return Conflict();
  if (client_error) {
    if (auto verdict = JudgeByCode(context, message)) return *verdict;
  }
  switch (status) {
    case 401:
      return JudgeUnauthorized(response, context, message);
    case 403:
      return Denied(context, message);
    case 404:
      return JudgeNotFound(context, message);
    case 405:
      return Rejected(
          "the registry does not offer this; deleting may have to be enabled in its "
          "configuration (storage.delete.enabled) or done through its own API");
    case 407:
      return {absl::StatusCode::kFailedPrecondition, reason::kUpstreamAuthRejected,
              "configure the HTTP proxy's user and password, or set NO_PROXY for the registry's "
              "host"};
    case 409:
    case 412:
      return Conflict();
    case 413:
      return Rejected(
          "raise the body limit of the proxy in front of the registry (nginx: "
          "client_max_body_size), or upload in chunks below it");
    case 415:
      return Rejected(
          "the registry does not take this media type; an older one may only take "
          "Docker schema 2 with gzip layers");
    case 416:
      return Rejected(
          "the registry holds another part of the upload than expected: push again, or "
          "upload in smaller chunks");
    case 429:
      return Throttled(message);
    case 501:
    case 505:
      return Rejected("");
    default:
      break;
  }
  if (status == 408 || status == 499 || status >= 500) {
    return {absl::StatusCode::kUnavailable, reason::kUpstreamUnavailable,
            fmt::format("try again; if it stays so, look at the state of {} and of the proxies in "
                        "front of it",
                        context.host)};
  }
  if (context.writes && status / 100 == 2) return FalseYes(context);
  if (!client_error) return NoRegistry(context);
  return Rejected(message.html ? "a proxy or firewall answered instead of the registry: check what "
                                 "stands in front of it, and NO_PROXY for its host"
                               : "");
}

}  // namespace

UpstreamMessage ReadErrorBody(const HttpResponse& response) {
  UpstreamMessage message;
  const std::string_view body = Trim(response.body);
  if (!body.empty() && (body.front() == '{' || body.front() == '[')) {
    if (auto json = ParseJson(body); json.ok()) {
      ReadJson(*json, message);
      return message;
    }
  }
  const std::string type = ToLower(response.headers.Get("Content-Type").value_or(""));
  message.html = type.find("html") != std::string::npos || (!body.empty() && body.front() == '<');
  message.text = Excerpt(message.html ? WithoutTags(body) : std::string(body), kMaxText);
  return message;
}

std::string PermissionRemedy(const std::string& host, const std::string& repository) {
  if (host == "docker.io") {
    return "check that the namespace is yours, that the access token has \"Read & Write\" "
           "permission, and that the account's private repositories are not used up";
  }
  return fmt::format("grant the identity that Gantry uses at {} this right on {}", host,
                     repository.empty() ? "the registry" : repository);
}

std::string MissingScope(const HttpResponse& response) {
  for (const Challenge& challenge : ParseChallenges(response.headers.GetAll("WWW-Authenticate"))) {
    if (auto scope = challenge.Get("scope")) return Excerpt(*scope, 400);
  }
  return {};
}

absl::Status ErrorFromResponse(const HttpResponse& response, const ErrorContext& context) {
  UpstreamMessage message = ReadErrorBody(response);
  if (context.in_upload && response.status == 404 && message.code.empty()) {
    message.code = "BLOB_UPLOAD_UNKNOWN";
  }
  const Verdict verdict = Judge(response, context, message);

  std::string text = fmt::format("registry {} refused {}", context.host, context.operation);
  if (verdict.code == absl::StatusCode::kUnavailable) {
    text = fmt::format("registry {} failed at {}", context.host, context.operation);
  } else if (verdict.reason == reason::kUpstreamProtocol || response.status / 100 == 2) {
    text = fmt::format("{} does not answer {} like a registry", context.host, context.operation);
  }
  if (verdict.code == absl::StatusCode::kNotFound) {
    text = fmt::format("registry {} does not have {}", context.host, context.repository);
  } else if (!context.repository.empty()) {
    text += fmt::format(" for {}", context.repository);
  }
  if (!context.reference.empty()) {
    const bool digest = context.reference.find(':') != std::string::npos;
    text += fmt::format("{}{}", digest ? "@" : ":", context.reference);
  }
  text += fmt::format(": HTTP {}", response.status);
  if (!message.code.empty()) text += fmt::format(" {}", message.code);
  if (!message.text.empty()) text += fmt::format(": {}", message.text);
  const std::string scope = response.status == 401 ? MissingScope(response) : "";
  if (!scope.empty() && verdict.reason == reason::kUpstreamDenied) {
    text += fmt::format(" (missing: {})", scope);
  }

  const auto wait = ParseRetryAfter(response.headers.Get("Retry-After").value_or(""), context.now);
  if (wait) {
    text += fmt::format(" (it asks to wait {} s)",
                        std::chrono::ceil<std::chrono::seconds>(*wait).count());
  }

  Error error(verdict.code, verdict.reason, std::move(text));
  error.With("httpStatus", std::to_string(response.status)).With("registry", context.host);
  if (!context.repository.empty()) error.With("repository", context.repository);
  if (!message.code.empty()) error.With("upstreamCode", message.code);
  if (!scope.empty()) error.With("scope", scope);
  if (!verdict.remedy.empty()) error.Remedy("{}", verdict.remedy);
  if (wait) error.RetryAfter(*wait);
  return error;
}

}  // namespace gantry

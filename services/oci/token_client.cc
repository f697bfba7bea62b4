#include "oci/token_client.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/status.h"
#include "base/strings.h"
#include "net/retry.h"
#include "oci/json.h"
#include "oci/registry_error.h"

namespace gantry {
namespace {

constexpr size_t kMaxAnswerBytes = 64 << 10;
constexpr int kMaxRedirects = 3;
constexpr RetryPolicy kRetries{.max_attempts = 4};
constexpr int64_t kMaxLifeSeconds = 86'400;

class TokenRequest {
 public:
  TokenRequest(const CallContext& call, HttpClient& http, const std::string& registry,
               const TokenServer& server, const TokenScopes& scopes, const Credential& credential)
      : call_(call),
        http_(http),
        registry_(registry),
        server_(server),
        scopes_(scopes),
        credential_(credential) {}

  absl::StatusOr<Token> Run() {
    if (credential_.scheme == Credential::Scheme::kIdentityToken) {
      GANTRY_ASSIGN_OR_RETURN(const HttpResponse posted, Send(Post()));
      if (posted.status != 404 && posted.status != 405) return Read(posted);
    }
    GANTRY_ASSIGN_OR_RETURN(const HttpResponse got, Send(Get()));
    return Read(got);
  }

 private:
  HttpRequest Base() const {
    HttpRequest request;
    request.transport = server_.realm.transport;
    request.addresses = server_.realm.addresses;
    request.headers.Set("Accept", "application/json");
    request.max_body_bytes = kMaxAnswerBytes;
    request.secret_body = true;
    return request;
  }

  HttpRequest Get() const {
    HttpRequest request = Base();
    request.url = server_.realm.url.text();
    const auto add = [&](std::string_view name, std::string_view value) {
      const char* separator = request.url.find('?') == std::string::npos ? "?" : "&";
      request.url += fmt::format("{}{}={}", separator, name, UrlEncode(value));
    };
    if (!server_.service.empty()) add("service", server_.service);
    for (const std::string& scope : scopes_.list()) add("scope", scope);
    if (credential_.scheme != Credential::Scheme::kAnonymous) {
      request.headers.Set("Authorization", BasicAuthorization(credential_).Reveal());
    }
    return request;
  }

  HttpRequest Post() const {
    HttpRequest request = Base();
    request.method = "POST";
    request.url = server_.realm.url.text();
    request.headers.Set("Content-Type", "application/x-www-form-urlencoded");
    request.body = fmt::format("grant_type=refresh_token&service={}&client_id=gantry&scope={}",
                               UrlEncode(server_.service), UrlEncode(scopes_.text()));
    request.body += "&refresh_token=" + UrlEncode(credential_.secret.Reveal());
    return request;
  }

  // Follows redirects within the token server only: elsewhere the credential must not go.
  absl::StatusOr<HttpResponse> Send(HttpRequest request) {
    HttpResponse response;
    int redirects = 0;
    const absl::Status status = Retry(call_, kRetries, [&]() -> absl::Status {
      for (;;) {
        GANTRY_ASSIGN_OR_RETURN(response, http_.Do(call_, request));
        const int code = response.status;
        if (code == 408 || code == 429 || (code >= 500 && code != 501)) return Failure(response);
        const bool redirect = code == 301 || code == 302 || code == 307 || code == 308;
        const auto location = response.headers.Get("Location");
        if (!redirect || request.method != "GET" || !location || ++redirects > kMaxRedirects) {
          return absl::OkStatus();
        }
        auto next = server_.realm.url.Resolve(*location);
        if (!next.ok() || !next->SameOrigin(server_.realm.url)) return absl::OkStatus();
        request.url = next->text();
      }
    });
    WipeString(request.body);
    if (!status.ok()) return status;
    return response;
  }

  absl::StatusOr<Token> Read(HttpResponse response) const {
    if (response.status != 200) return Failure(response);
    auto json = response.body_cut ? absl::StatusOr<Json>(Json()) : ParseJson(response.body);
    WipeString(response.body);
    if (!json.ok()) json = Json();
    std::string token = GetString(*json, "token").value_or("");
    if (token.empty()) token = GetString(*json, "access_token").value_or("");
    const bool printable =
        std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    if (token.empty() || !printable) {
      return FailedPrecondition(reason::kUpstreamProtocol,
                                "the token server {} of registry {} answered without a token",
                                server_.realm.url.authority(), registry_)
          .With("registry", registry_)
          .Remedy("check the token server's address in the registry's configuration");
    }
    const auto life = json->find("expires_in") == json->end() ? LifeOfJwt(token) : std::nullopt;
    return Token{Secret(std::move(token)), life ? *life : LifeOf(*json)};
  }

  // Azure's registries say nothing beside the token, which is a JWT (RFC 7519 §4.1) and says it
  // itself.  Counted from now, or from its own beginning where the server's clock is ahead.
  std::optional<milliseconds> LifeOfJwt(std::string_view token) const {
    const std::vector<std::string_view> parts = Split(token, '.');
    std::string text;
    if (parts.size() != 3 || !Base64Decode(parts[1], &text)) return std::nullopt;
    const auto claims = ParseJson(text);
    if (!claims.ok()) return std::nullopt;
    const int64_t expires = GetInt(*claims, "exp").value_or(0);
    const int64_t now =
        std::chrono::duration_cast<std::chrono::seconds>(call_.clock().Now().time_since_epoch())
            .count();
    const int64_t begun = std::max(now, GetInt(*claims, "iat").value_or(now));
    if (expires <= begun) return std::nullopt;
    return std::chrono::seconds(std::min(expires - begun, kMaxLifeSeconds));
  }

  // Numbers, and numbers in quotes; anything else is the default.
  static milliseconds LifeOf(const Json& json) {
    int64_t seconds = 0;
    const auto it = json.find("expires_in");
    if (it != json.end() && it->is_number()) {
      seconds = static_cast<int64_t>(std::clamp(it->get<double>(), 0.0, double{kMaxLifeSeconds}));
    } else if (const auto text = GetString(json, "expires_in")) {
      std::from_chars(text->data(), text->data() + text->size(), seconds);
    }
    if (seconds <= 0) return Token{}.life;
    return std::chrono::seconds(std::min(seconds, kMaxLifeSeconds));
  }

  absl::Status Failure(const HttpResponse& response) const {
    absl::Status status =
        ErrorFromResponse(response, {fmt::format("logging in at {}", server_.realm.url.authority()),
                                     registry_, "", "", call_.clock().Now()});
    ErrorDetail detail = DetailOf(status);
    if (!scopes_.list().empty()) detail.metadata["scope"] = scopes_.text();
    // RFC 6749 §5.2: an OAuth2 server refuses a credential with 400 invalid_grant.
    const bool refused_grant =
        response.status == 400 && (credential_.scheme == Credential::Scheme::kIdentityToken ||
                                   response.body.find("invalid_grant") != std::string::npos);
    if (refused_grant) {
      status = absl::Status(absl::StatusCode::kFailedPrecondition, status.message());
      detail.reason = reason::kUpstreamAuthRejected;
      detail.remedy =
          fmt::format("log in to {} again: its stored login is no longer taken", registry_);
    }
    SetDetail(status, detail);
    return status;
  }

  const CallContext& call_;
  HttpClient& http_;
  const std::string& registry_;
  const TokenServer& server_;
  const TokenScopes& scopes_;
  const Credential& credential_;
};

}  // namespace

absl::StatusOr<Token> FetchToken(const CallContext& call, HttpClient& http,
                                 const std::string& registry, const TokenServer& server,
                                 const TokenScopes& scopes, const Credential& credential) {
  return TokenRequest(call, http, registry, server, scopes, credential).Run();
}

Secret BasicAuthorization(const Credential& credential) {
  const bool identity = credential.scheme == Credential::Scheme::kIdentityToken;
  std::string pair = identity && credential.username.empty() ? "<token>" : credential.username;
  pair += ":";
  pair += credential.secret.Reveal();
  Secret header("Basic " + Base64Encode(pair));
  WipeString(pair);
  return header;
}

}  // namespace gantry

#include "oci/registry_auth.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "base/strings.h"
#include "oci/registry_error.h"

namespace gantry {
namespace {

using Scheme = Credential::Scheme;

// A login, a wider scope and a new token may each take one; more is a server that plays games.
constexpr int kMaxRounds = 3;
// How long a credential without an expiry is kept before its provider is asked again; and that there
// is none, which somebody may be about to change.
constexpr std::chrono::minutes kCredentialLife{5};
constexpr std::chrono::seconds kAbsenceLife{1};
constexpr size_t kMaxLearned = 1024;
constexpr size_t kMaxScopeBytes = 4096;

bool SameCredential(const Credential& a, const Credential& b) {
  return a.scheme == b.scheme && a.username == b.username && a.secret.Reveal() == b.secret.Reveal();
}

Secret BearerAuthorization(const Secret& token) {
  return Secret(std::string("Bearer ").append(token.Reveal()));
}

Error NoCredential(const std::string& host, const std::string& repository) {
  return FailedPrecondition(reason::kUpstreamAuthRejected,
                            "registry {} wants a login{}{}, and there is no credential for it",
                            host, repository.empty() ? "" : " for ", repository)
      .With("registry", host)
      .With("httpStatus", "401")
      .Remedy("give the registry a service connector, or log in with: docker login {}", host);
}

Error Denied(const HttpResponse& response, const std::string& host, const AuthAttempt& attempt,
             bool anonymous, const std::string& scope) {
  const UpstreamMessage words = ReadErrorBody(response);
  Error error = PermissionDenied(reason::kUpstreamDenied, "registry {} does not allow {}{}{}{}",
                                 host, scope.empty() ? "this" : scope,
                                 anonymous ? " without a login" : " with its present login",
                                 words.text.empty() ? "" : ": ", words.text);
  error.With("registry", host).With("httpStatus", std::to_string(response.status));
  if (!attempt.repository.empty()) error.With("repository", attempt.repository);
  if (!scope.empty()) error.With("scope", scope);
  if (!words.code.empty()) error.With("upstreamCode", words.code);
  if (anonymous) {
    error.Remedy("give the registry a service connector, or log in with: docker login {}", host);
  } else {
    error.Remedy("{}", PermissionRemedy(host, attempt.repository));
  }
  return error;
}

// By a token server, and perhaps for the login: with 401; with 400 at public.ecr.aws, as in RFC 6749
// §5.2; with 403 at ghcr.io.
bool IsRefused(const absl::Status& status) {
  const ErrorDetail detail = DetailOf(status);
  const auto http = detail.metadata.find("httpStatus");
  if (http == detail.metadata.end()) return detail.reason == reason::kUpstreamAuthRejected;
  return http->second == "400" || http->second == "401" || http->second == "403";
}

// RFC 6750 §3.1: a token that ended or was revoked is "invalid_token".  Registries that say nothing,
// such as ghcr.io, mean either.
bool MayHaveEnded(const std::vector<Challenge>& challenges) {
  return std::any_of(challenges.begin(), challenges.end(), [](const Challenge& challenge) {
    return challenge.scheme == "bearer" &&
           challenge.Get("error").value_or("invalid_token") == "invalid_token";
  });
}

}  // namespace

RegistryAuth::RegistryAuth(HttpClient& http, const RegistryEndpoint& endpoint,
                           std::shared_ptr<CredentialProvider> credentials)
    : http_(http), endpoint_(endpoint), provider_(std::move(credentials)) {}

absl::StatusOr<Secret> RegistryAuth::Authorization(const CallContext& call, AuthAttempt& attempt) {
  attempt.sent = Secret();
  attempt.token_key.clear();
  attempt.fresh = false;
  const Login login = this->login();
  if (login.scheme == Login::Scheme::kUnknown || login.scheme == Login::Scheme::kNone) {
    return Secret();
  }
  GANTRY_ASSIGN_OR_RETURN(const Credential credential, CredentialFor(call, attempt));
  if (credential.scheme == Scheme::kBearer) {
    attempt.sent = BearerAuthorization(credential.secret);
  } else if (login.scheme == Login::Scheme::kBearer) {
    GANTRY_ASSIGN_OR_RETURN(attempt.sent, TokenFor(call, login, credential, attempt));
  } else if (credential.scheme != Scheme::kAnonymous) {
    attempt.sent = BasicAuthorization(credential);
  }
  return attempt.sent;
}

absl::StatusOr<bool> RegistryAuth::OnUnauthorized(const CallContext& call,
                                                  const HttpResponse& response, const Url& url,
                                                  AuthAttempt& attempt) {
  if (++attempt.rounds > kMaxRounds) return false;
  const auto challenges = ParseChallenges(response.headers.GetAll("WWW-Authenticate"));
  if (challenges.empty() && attempt.sent.empty()) return false;
  GANTRY_ASSIGN_OR_RETURN(const Credential credential, CredentialFor(call, attempt));
  const bool anonymous = credential.scheme == Scheme::kAnonymous;
  std::string scopes;
  GANTRY_ASSIGN_OR_RETURN(const std::optional<Login> wanted,
                          Choose(challenges, url, credential, &scopes));
  if (!wanted && attempt.sent.empty()) return false;
  const bool news = wanted && Adopt(*wanted);
  const Login login = this->login();

  const bool exchanged =
      login.scheme == Login::Scheme::kBearer && credential.scheme != Scheme::kBearer;
  if (!exchanged) {
    if (anonymous) return NoCredential(endpoint_.host(), attempt.repository);
    if (news || attempt.sent.empty()) return true;
    return ReplaceCredential(call, response, credential, attempt);
  }
  const bool wider = Learn(attempt, scopes);
  if (news || wider || attempt.sent.empty()) return true;
  if (!attempt.fresh) return ForgetToken(attempt);
  // A token may end between its issue and its use, but hardly twice in a row.
  if (MayHaveEnded(challenges) && !std::exchange(attempt.fresh_renewed, true)) {
    DropToken(attempt);
    return true;
  }
  return Denied(response, endpoint_.host(), attempt, anonymous,
                scopes.empty() ? ScopesOf(attempt).text() : Excerpt(scopes, 400));
}

absl::StatusOr<bool> RegistryAuth::Discover(const CallContext& call, AuthAttempt& attempt) {
  if (login().scheme != Login::Scheme::kUnknown) return false;
  HttpRequest ping;
  GANTRY_ASSIGN_OR_RETURN(const Destination to, endpoint_.Follow(endpoint_.base(), "/v2/"));
  ping.url = to.url.text();
  ping.transport = to.transport;
  ping.addresses = to.addresses;
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response, http_.Do(call, ping));
  if (response.status != 401) {
    if (response.status < 500 && response.status != 429) Adopt({Login::Scheme::kNone, {}});
    return false;
  }
  GANTRY_ASSIGN_OR_RETURN(const Credential credential, CredentialFor(call, attempt));
  const auto challenges = ParseChallenges(response.headers.GetAll("WWW-Authenticate"));
  std::string scopes;
  GANTRY_ASSIGN_OR_RETURN(const std::optional<Login> wanted,
                          Choose(challenges, to.url, credential, &scopes));
  if (!wanted) return false;
  Adopt(*wanted);
  return wanted->scheme == Login::Scheme::kBearer || credential.scheme != Scheme::kAnonymous;
}

bool RegistryAuth::ForgetToken(const AuthAttempt& attempt) {
  if (attempt.token_key.empty() || attempt.fresh) return false;
  DropToken(attempt);
  return true;
}

void RegistryAuth::DropToken(const AuthAttempt& attempt) {
  tokens_.DropIf(attempt.token_key,
                 [&](const Secret& header) { return header.Reveal() == attempt.sent.Reveal(); });
}

RegistryAuth::Login RegistryAuth::login() const {
  std::lock_guard lock(mu_);
  return login_;
}

absl::StatusOr<std::optional<RegistryAuth::Login>> RegistryAuth::Choose(
    const std::vector<Challenge>& challenges, const Url& url, const Credential& credential,
    std::string* scopes) const {
  std::optional<Login> basic;
  for (const Challenge& challenge : challenges) {
    Login login;
    if (challenge.scheme == "basic") {
      login.scheme = Login::Scheme::kBasic;
      basic = login;
      // Without a password there may still be something to be had for a token.
      if (credential.scheme == Scheme::kBasic) break;
    }
    if (challenge.scheme != "bearer") continue;
    login.scheme = Login::Scheme::kBearer;
    const auto realm = challenge.Get("realm");
    if (!realm || realm->empty()) {
      if (credential.scheme == Scheme::kBearer) return login;  // needs no token server
      continue;
    }
    auto to = endpoint_.Follow(url, *realm);
    if (!to.ok()) return Annotate(to.status(), "token server");
    login.server = {*std::move(to), challenge.Get("service").value_or("")};
    *scopes = challenge.Get("scope").value_or("");
    return login;
  }
  return basic;
}

bool RegistryAuth::Adopt(const Login& login) {
  std::lock_guard lock(mu_);
  const bool news = login.scheme != login_.scheme ||
                    login.server.service != login_.server.service ||
                    login.server.realm.url.text() != login_.server.realm.url.text() ||
                    login.server.realm.addresses != login_.server.realm.addresses;
  if (news) login_ = login;
  return news;
}

absl::StatusOr<Credential> RegistryAuth::CredentialFor(const CallContext& call,
                                                       const AuthAttempt& attempt,
                                                       const Credential* refused) {
  const Actions& actions = attempt.actions;
  const std::string key =
      fmt::format("{}\n{}{}{}", attempt.repository, actions.pull, actions.push, actions.remove);
  if (refused) {
    credentials_.DropIf(key, [&](const Credential& c) { return SameCredential(c, *refused); });
  }
  return credentials_.Get(call, key, [&]() -> absl::StatusOr<RefreshingCache<Credential>::Entry> {
    const MonoTime now = call.clock().Mono();
    GANTRY_ASSIGN_OR_RETURN(
        Credential credential,
        provider_->Get(call, endpoint_.host(), attempt.repository, actions, refused != nullptr));
    const bool absent = credential.scheme == Scheme::kAnonymous;
    const MonoTime expires =
        credential.expires.value_or(now + (absent ? milliseconds(kAbsenceLife) : kCredentialLife));
    return RefreshingCache<Credential>::Entry{std::move(credential), now + (expires - now) / 4 * 3,
                                              expires};
  });
}

absl::StatusOr<Secret> RegistryAuth::TokenFor(const CallContext& call, const Login& login,
                                              const Credential& credential, AuthAttempt& attempt) {
  const TokenScopes scopes = ScopesOf(attempt);
  attempt.token_key = fmt::format("{}\n{}\n{}\n{}", login.server.realm.url.text(),
                                  login.server.service, credential.username, scopes.key());
  return tokens_.Get(
      call, attempt.token_key,
      [&]() -> absl::StatusOr<RefreshingCache<Secret>::Entry> {
        const MonoTime asked = call.clock().Mono();
        GANTRY_ASSIGN_OR_RETURN(const Token token,
                                RequestToken(call, login, scopes, credential, attempt));
        return RefreshingCache<Secret>::Entry{BearerAuthorization(token.value),
                                              asked + token.life * 3 / 4, asked + token.life};
      },
      &attempt.fresh);
}

absl::StatusOr<Token> RegistryAuth::RequestToken(const CallContext& call, const Login& login,
                                                 const TokenScopes& scopes,
                                                 const Credential& credential,
                                                 const AuthAttempt& attempt) {
  const std::string& host = endpoint_.host();
  auto token = FetchToken(call, http_, host, login.server, scopes, credential);
  if (!token.ok() && credential.scheme != Scheme::kAnonymous && IsRefused(token.status())) {
    auto renewed = CredentialFor(call, attempt, &credential);
    if (renewed.ok() && !SameCredential(*renewed, credential)) {
      token = FetchToken(call, http_, host, login.server, scopes, *renewed);
    }
  }
  // Where the token server may be depends on how the registry was reached: to be found out anew.
  if (ReasonOf(token.status()) == reason::kAddressRefused) Adopt({});
  if (!token.ok() && attempt.actions.remove &&
      ReasonOf(token.status()) == reason::kUpstreamRejected) {
    token = FetchToken(call, http_, host, login.server, scopes.WithoutDelete(), credential);
  }
  return token;
}

absl::StatusOr<bool> RegistryAuth::ReplaceCredential(const CallContext& call,
                                                     const HttpResponse& response,
                                                     const Credential& credential,
                                                     AuthAttempt& attempt) {
  const Secret current = credential.scheme == Scheme::kBearer
                             ? BearerAuthorization(credential.secret)
                             : BasicAuthorization(credential);
  if (current.Reveal() != attempt.sent.Reveal()) return true;  // somebody else has renewed it
  if (!std::exchange(attempt.credential_renewed, true)) {
    GANTRY_ASSIGN_OR_RETURN(const Credential renewed, CredentialFor(call, attempt, &credential));
    if (!SameCredential(renewed, credential)) return true;
  }
  return ErrorFromResponse(
      response, {"the login", endpoint_.host(), attempt.repository, "", call.clock().Now()});
}

TokenScopes RegistryAuth::ScopesOf(const AuthAttempt& attempt) const {
  TokenScopes scopes = TokenScopes::For(attempt.repository, attempt.actions, attempt.also_pull);
  std::lock_guard lock(mu_);
  const auto it = learned_.find(scopes.key());
  return it == learned_.end() ? scopes : it->second;
}

bool RegistryAuth::Learn(const AuthAttempt& attempt, const std::string& scopes) {
  if (scopes.size() > kMaxScopeBytes) return false;
  // Where no repository was asked for, one that the challenge names is but an example: ghcr.io says
  // "repository:user/image:pull", and has no token for that.
  if (attempt.repository.empty() && scopes.starts_with("repository:")) return false;
  TokenScopes heard;
  heard.Add(scopes);
  if (!attempt.actions.remove) heard = heard.WithoutDelete();
  TokenScopes known = ScopesOf(attempt);
  if (!known.Add(heard.text()) || known.text().size() > kMaxScopeBytes) return false;
  std::lock_guard lock(mu_);
  if (learned_.size() >= kMaxLearned) learned_.clear();
  const std::string need =
      TokenScopes::For(attempt.repository, attempt.actions, attempt.also_pull).key();
  learned_[need] = std::move(known);
  return true;
}

}  // namespace gantry

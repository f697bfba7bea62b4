// Logs requests in to one registry host: learns what it wants, keeps tokens, renews them in time.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/call_context.h"
#include "base/secret.h"
#include "net/http_client.h"
#include "oci/challenge.h"
#include "oci/credential.h"
#include "oci/refreshing_cache.h"
#include "oci/registry_endpoint.h"
#include "oci/token_client.h"
#include "oci/token_scopes.h"

namespace gantry {

// One request's way through logging in.  Confined to the thread that sends the request.
struct AuthAttempt {
  std::string repository;  // may be empty
  Actions actions;
  std::string also_pull;  // a second repository, the source of a mount

  // Kept by RegistryAuth.
  Secret sent;                 // the Authorization of the last try; empty: none
  std::string token_key;       // of a sent token
  bool fresh = false;          // the sent token was made for this request
  bool fresh_renewed = false;  // a token made for this request had ended when it arrived
  bool credential_renewed = false;
  int rounds = 0;
};

// Thread-safe; one per RegistryClient.
//
// The first 401 tells whether the host wants Basic or Bearer; from then on every request carries
// its login at once.  Tokens are kept per scope and credential, renewed at three quarters of their
// life, and asked for once however many requests wait.  Credentials go to the registry and to the
// realm it names, nowhere else (registry_endpoint.h).
class RegistryAuth {
 public:
  // `http` and `endpoint` are borrowed.
  RegistryAuth(HttpClient& http, const RegistryEndpoint& endpoint,
               std::shared_ptr<CredentialProvider> credentials);

  // The Authorization header for a request to the registry host, empty for none; kept in `attempt`.
  //   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED   the token server refused the credential, twice
  //   and the errors of the CredentialProvider and of FetchToken
  absl::StatusOr<Secret> Authorization(const CallContext& call, AuthAttempt& attempt);

  // After a 401 (or another refusal that says the login has ended) from `url`: true when something
  // new was learned, so that the request is worth repeating; false when the answer stands.
  //   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED   no credential, or a refused one
  //   PERMISSION_DENIED UPSTREAM_DENIED            a new token was refused, and unless that was for its
  //                                                scope, the next one too: metadata "scope"
  absl::StatusOr<bool> OnUnauthorized(const CallContext& call, const HttpResponse& response,
                                      const Url& url, AuthAttempt& attempt);

  // After a 403 or 404 without a login: some registries hide what is private instead of asking for
  // a login.  Asks /v2/, once; true when that wants a login that can be given.  As always,
  // the CredentialProvider is only asked when the registry has wanted a login.
  absl::StatusOr<bool> Discover(const CallContext& call, AuthAttempt& attempt);

  // After a 403 with a token that is not fresh: forgets it.  True when there was one.
  bool ForgetToken(const AuthAttempt& attempt);

 private:
  struct Login {
    enum class Scheme { kUnknown, kNone, kBasic, kBearer };
    Scheme scheme = Scheme::kUnknown;
    TokenServer server;  // of kBearer
  };

  Login login() const;
  // What the challenges ask for; nothing when none of them can be met.
  absl::StatusOr<std::optional<Login>> Choose(const std::vector<Challenge>& challenges,
                                              const Url& url, const Credential& credential,
                                              std::string* scopes) const;
  // True when that is news.
  bool Adopt(const Login& login);

  // The provider's credential, kept while it lives.  `refused` is the one to replace, or null.
  absl::StatusOr<Credential> CredentialFor(const CallContext& call, const AuthAttempt& attempt,
                                           const Credential* refused = nullptr);
  absl::StatusOr<Secret> TokenFor(const CallContext& call, const Login& login,
                                  const Credential& credential, AuthAttempt& attempt);
  absl::StatusOr<Token> RequestToken(const CallContext& call, const Login& login,
                                     const TokenScopes& scopes, const Credential& credential,
                                     const AuthAttempt& attempt);
  void DropToken(const AuthAttempt& attempt);
  absl::StatusOr<bool> ReplaceCredential(const CallContext& call, const HttpResponse& response,
                                         const Credential& credential, AuthAttempt& attempt);

  // What the request needs, with what challenges have added to that.
  TokenScopes ScopesOf(const AuthAttempt& attempt) const;
  bool Learn(const AuthAttempt& attempt, const std::string& scopes);

  HttpClient& http_;
  const RegistryEndpoint& endpoint_;
  const std::shared_ptr<CredentialProvider> provider_;
  RefreshingCache<Credential> credentials_;
  RefreshingCache<Secret> tokens_;  // whole headers

  mutable std::mutex mu_;
  Login login_;                                 // guarded by mu_
  std::map<std::string, TokenScopes> learned_;  // by the key of the need; guarded by mu_
};

}  // namespace gantry

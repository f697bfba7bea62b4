// Asks a registry's token server for a token: Docker's GET and OAuth2's POST.
// Distribution spec, "Token Authentication Specification" and "Oauth2 Token Authentication".
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/call_context.h"
#include "base/secret.h"
#include "net/http_client.h"
#include "oci/credential.h"
#include "oci/registry_endpoint.h"
#include "oci/token_scopes.h"

namespace gantry {

// What a Bearer challenge says about the token server.
struct TokenServer {
  Destination realm;
  std::string service;  // may be empty
};

struct Token {
  Secret value;
  milliseconds life{60'000};  // from when it was asked for; the specification's default is 60 s
};

// With a user and password, or without: GET.  With an identity token: POST, and GET where the
// server has no POST.  Server trouble is retried; `registry` is named in errors.
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED  the credential was refused
//   PERMISSION_DENIED UPSTREAM_DENIED           the scopes were refused
//   FAILED_PRECONDITION UPSTREAM_PROTOCOL       no token in the answer
//   and those of ErrorFromResponse and HttpClient
absl::StatusOr<Token> FetchToken(const CallContext& call, HttpClient& http,
                                 const std::string& registry, const TokenServer& server,
                                 const TokenScopes& scopes, const Credential& credential);

// "Basic …" of a user and password.
Secret BasicAuthorization(const Credential& credential);

}  // namespace gantry

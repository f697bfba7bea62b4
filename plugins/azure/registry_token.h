// What an Azure registry gives for a token of Entra: a refresh token, and for that, access tokens.
#pragma once

#include <string>
#include <string_view>

#include "plugins/azure/identity.h"
#include "plugins/azure/token.h"
#include "plugins/sdk/call.h"

namespace gantry::azure {

// The user name that stands for "the password is a token of the registry's".
inline constexpr char kTokenUser[] = "00000000-0000-0000-0000-000000000000";

// The registry's refresh token for the connector's identity, good for everything that the identity
// may do there.  It ends with the identity's own token where that is never renewed.
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED, PERMISSION_DENIED UPSTREAM_DENIED   no role there
//   and the errors of Identity::Get, UpstreamError and TakeToken
sdk::Status LoginToRegistry(const sdk::Call& call, Identity& identity, const std::string& host,
                            Token& refresh);

// An access token for `scope`, "repository:team/app:pull", and nothing else.  What the identity may
// not do is left out silently: see Grants.
sdk::Status FetchAccessToken(const sdk::Call& call, const std::string& host,
                             const std::string& scope, const sdk::Secret& refresh_token,
                             Token& access);

// Whether the access token lets its bearer do `action` in some repository.
bool Grants(const sdk::Secret& access_token, std::string_view action);

// Whether the access token is for that repository and nothing else.
bool IsFor(const sdk::Secret& access_token, std::string_view repository);

// On registries in ABAC mode the roles AcrPull and AcrPush count for nothing.
bool IsOfAbacRegistry(const sdk::Secret& refresh_token);

// "application …, object …, tenant …": whom the Entra token is for, as the claims say.
std::string WhoIs(const sdk::Secret& entra_token);

// The registry's refusal, in its own words.
sdk::Status RegistryRefusal(const std::string& host, std::string_view operation,
                            const sdk::HttpResponse& response);

}  // namespace gantry::azure

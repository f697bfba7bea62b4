// Logging in at Microsoft Entra as an application: OAuth2's client credentials (RFC 6749 §4.4).
#pragma once

#include <string>
#include <string_view>

#include "plugins/azure/token.h"
#include "plugins/sdk/call.h"

namespace gantry::azure {

struct EntraClient {
  std::string authority;  // "login.microsoftonline.com"
  std::string tenant;     // id or domain
  std::string client_id;
};

// A token for `resource` ("https://containerregistry.azure.net").  What Entra refuses carries its
// own code, "AADSTS7000215", as upstreamCode.
//   and the errors of UpstreamError and TakeToken
sdk::Status LoginWithSecret(const sdk::Call& call, const EntraClient& client,
                            std::string_view resource, const sdk::Secret& secret, Token& token);
// With the token of an identity provider that the application trusts (RFC 7523 §2.2).
sdk::Status LoginWithAssertion(const sdk::Call& call, const EntraClient& client,
                               std::string_view resource, const sdk::Secret& assertion,
                               Token& token);

// The refusal of Entra, or of a service that passes it on.
sdk::Status EntraRefusal(std::string_view host, const sdk::HttpResponse& response);
// Whether it says that the tenant does not know the resource.
bool IsUnknownResource(const sdk::Status& refusal);

}  // namespace gantry::azure

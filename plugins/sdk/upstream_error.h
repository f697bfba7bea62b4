// A cloud's refusal as an error.
#pragma once

#include <string>
#include <string_view>

#include "plugins/sdk/http.h"
#include "plugins/sdk/status.h"

namespace gantry::sdk {

// The error of an answer that is not what was hoped for: "<host> refused <operation>: <text>".  What
// it means at this cloud, and the remedy, the host adds from the flavor's errors.json by `code` (of
// the API, or empty), the HTTP status and `text`.
//   UNAVAILABLE UPSTREAM_THROTTLED / UPSTREAM_UNAVAILABLE    429, 5xx
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED               401
//   PERMISSION_DENIED UPSTREAM_DENIED                        403
//   FAILED_PRECONDITION UPSTREAM_REJECTED                    everything else
Status UpstreamError(std::string_view host, std::string_view operation,
                     const HttpResponse& response, std::string_view code, std::string_view text);

// The same of an OAuth 2.0 token endpoint, where 400 too says that the login is not taken: RFC 6749
// §5.2 has invalid_grant with it.
Status TokenRefusal(std::string_view host, std::string_view operation, const HttpResponse& response,
                    std::string_view code, std::string_view text);

// "<host> <what>", of an answer that the cloud would not give: "answered without a token".
//   FAILED_PRECONDITION UPSTREAM_PROTOCOL
Status NotTheCloud(std::string_view host, std::string_view what);

}  // namespace gantry::sdk

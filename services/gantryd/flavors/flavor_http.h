// Requests that flavors ask the host to send, checked, bounded, and repeated where that is safe.
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/call_context.h"
#include "gantryd/flavors/flavor.h"
#include "net/http_client.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// A flavor's request, copied.
struct FlavorRequest {
  std::string method, url, body;
  HttpHeaders headers;
  bool secret_body = false, follow_redirects = true, idempotent = false;
  bool metadata = false;  // to a service of the machine's own

  // INVALID_ARGUMENT INVALID_ARGUMENT when a field is missing, malformed or over its limit (bodies:
  // 1 MiB).  The URL itself is for the caller to judge.
  static absl::StatusOr<FlavorRequest> From(const gantry_http_request* raw);
};

// The longest answer a flavor gets from any server, and from its own registry: some of those give
// all tags of a repository at once, whatever page was asked for.
inline constexpr size_t kMaxFlavorBodyBytes = 1 << 20;
inline constexpr size_t kMaxRegistryBodyBytes = 16 << 20;

// Sends to any http or https URL, but to this machine and its link only with `metadata`, which the
// caller has seen to be allowed: that goes past proxies, once, and waits two seconds.  Redirects of
// GET and HEAD are followed, five at most; credentials in headers stay with the origin they were
// meant for, and so do the host's certificates for its registry.
absl::StatusOr<HttpResponse> SendForFlavor(InstanceHost& host, const CallContext& call,
                                           const FlavorRequest& request);

// Runs `send`, up to three times when `idempotent` and the answer says that it may work later.  A
// refusal that stays is a response; a longer answer than allowed is FAILED_PRECONDITION
// UPSTREAM_PROTOCOL.
absl::StatusOr<HttpResponse> SendWithRetry(const CallContext& call, bool idempotent,
                                           absl::FunctionRef<absl::StatusOr<HttpResponse>()> send);

}  // namespace gantry

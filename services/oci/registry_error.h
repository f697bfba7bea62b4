// Registries' refusals as Gantry's errors: a code, a reason, the registry's own words, a remedy.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/http_client.h"

namespace gantry {

// What was tried, for the message: "<host> refused <operation>…".
struct ErrorContext {
  std::string operation;   // "opening an upload"
  std::string host;        // canonical
  std::string repository;  // or empty
  std::string reference;   // the tag or digest asked for, or empty
  WallTime now{};          // for a Retry-After that is a date
  bool in_upload = false;  // a request to an open upload: a bare 404 means that it is lost
  bool writes = false;     // a POST or PUT: a 2xx that is not the protocol's own is a false yes
};

// What the body says, as far as anything can be made of it: the first of "errors" (OCI
// distribution-spec, "Error codes"), a token server's or cloud's message, or the text itself
// without its HTML.  All valid UTF-8 on one line, bounded.
struct UpstreamMessage {
  std::string code;  // "MANIFEST_UNKNOWN", or empty
  std::string text;
  bool html = false;
};
UpstreamMessage ReadErrorBody(const HttpResponse& response);

// The error of an answer that is not what was hoped for, whatever its status.
//   UNAVAILABLE UPSTREAM_THROTTLED, UPSTREAM_UNAVAILABLE       worth another try; RetryAfter
//   FAILED_PRECONDITION UPSTREAM_AUTH_REJECTED                 401 or 407
//   PERMISSION_DENIED UPSTREAM_DENIED                          403, or 401 for want of a scope
//   RESOURCE_EXHAUSTED UPSTREAM_QUOTA                          403, 413, 507 about quota
//   NOT_FOUND REPOSITORY_NOT_FOUND, IMAGE_NOT_FOUND            404
//   FAILED_PRECONDITION UPSTREAM_CONFLICT                      409, 412, an immutable tag
//   DATA_LOSS INTEGRITY                                        other bytes came, or a false yes
//   FAILED_PRECONDITION UPSTREAM_REJECTED                      everything else, also a lost upload
//   FAILED_PRECONDITION UPSTREAM_PROTOCOL                      no registry answered
// Metadata: httpStatus, registry, and where known repository, upstreamCode, scope.
absl::Status ErrorFromResponse(const HttpResponse& response, const ErrorContext& context);

// The scope that a 401 says is missing ("repository:a:pull,push"), or empty.
std::string MissingScope(const HttpResponse& response);

// What to do about a right that is missing.
std::string PermissionRemedy(const std::string& host, const std::string& repository);

}  // namespace gantry

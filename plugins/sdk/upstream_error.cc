#include "plugins/sdk/upstream_error.h"

namespace gantry::sdk {
namespace {

constexpr size_t kMaxText = 500;

}  // namespace

Status UpstreamError(std::string_view host, std::string_view operation,
                     const HttpResponse& response, std::string_view code, std::string_view text) {
  std::string message = std::string(host) + " refused " + std::string(operation) + " (HTTP " +
                        std::to_string(response.status);
  if (!code.empty()) message += ", " + std::string(code);
  message += ")";
  if (!text.empty()) message += ": " + std::string(text.substr(0, kMaxText));

  Status status = MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_REJECTED", std::move(message));
  const int http = response.status;
  if (http == 429) {
    status.code = GANTRY_UNAVAILABLE;
    status.reason = "UPSTREAM_THROTTLED";
  } else if (http >= 500 || http == 408) {
    status.code = GANTRY_UNAVAILABLE;
    status.reason = "UPSTREAM_UNAVAILABLE";
  } else if (http == 403) {
    status.code = GANTRY_PERMISSION_DENIED;
    status.reason = "UPSTREAM_DENIED";
  } else if (http == 401) {
    status.reason = "UPSTREAM_AUTH_REJECTED";
  }
  status.retry_after_ms = response.RetryAfterMs();
  status.metadata = {{"httpStatus", std::to_string(http)}, {"registry", std::string(host)}};
  if (!code.empty()) status.metadata.emplace_back("upstreamCode", std::string(code));
  return status;
}

Status TokenRefusal(std::string_view host, std::string_view operation, const HttpResponse& response,
                    std::string_view code, std::string_view text) {
  Status status = UpstreamError(host, operation, response, code, text);
  if (response.status == 400) status.reason = "UPSTREAM_AUTH_REJECTED";
  return status;
}

Status NotTheCloud(std::string_view host, std::string_view what) {
  return MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
                   std::string(host) + " " + std::string(what),
                   "Check that no proxy answers in place of " + std::string(host) + ".");
}

}  // namespace gantry::sdk

#include "plugins/aws/signed_call.h"

#include <utility>

namespace gantry::aws {
namespace {

using sdk::Status;

// AWS tells with status 400 that it throttles, so the host does not repeat the request by itself.
constexpr int64_t kPausesMs[] = {500, 1500};

Status SendOnce(const sdk::Call& call, const Signer& signer, std::string_view what,
                sdk::HttpRequest& request, sdk::HttpResponse& response) {
  if (signer.keys != nullptr) {
    SignAwsRequest(*signer.keys, signer.region, signer.service, call.now_unix_ms(), request);
  }
  GANTRY_FLAVOR_TRY(call.Http(request, response));
  return response.status == 200 ? sdk::Ok()
                                : AwsError(sdk::AuthorityOf(request.url), what, response);
}

}  // namespace

Status SendToAws(const sdk::Call& call, const Signer& signer, std::string_view what,
                 sdk::HttpRequest request, sdk::HttpResponse& response) {
  for (const int64_t pause : kPausesMs) {
    Status status = SendOnce(call, signer, what, request, response);
    if (status.reason != "UPSTREAM_THROTTLED" || call.remaining_ms() <= pause) return status;
    GANTRY_FLAVOR_TRY(call.Wait(pause));
  }
  return SendOnce(call, signer, what, request, response);
}

}  // namespace gantry::aws

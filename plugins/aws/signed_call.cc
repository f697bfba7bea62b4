#include "plugins/aws/signed_call.h"

#include <algorithm>
#include <utility>

namespace gantry::aws {
namespace {

using sdk::Status;

// The host cannot repeat a signed request: the signature has a date.  And AWS tells with status 400
// that it throttles.
constexpr int64_t kPausesMs[] = {500, 1500};
// As the host has it: who asks for more is told to the caller, who comes back by itself.
constexpr int64_t kLongestWaitMs = 5 * 60'000;

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
    const int64_t wait = std::max(pause, status.retry_after_ms);
    const bool too_long = wait > kLongestWaitMs || wait >= call.remaining_ms();
    if (status.code != GANTRY_UNAVAILABLE || too_long) return status;
    GANTRY_FLAVOR_TRY(call.Wait(wait));
  }
  return SendOnce(call, signer, what, request, response);
}

}  // namespace gantry::aws

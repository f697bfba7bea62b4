#include "plugins/aws/ecr_api.h"

#include <cmath>
#include <utility>
#include <vector>

#include "plugins/aws/signed_call.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/timestamp.h"

namespace gantry::aws {
namespace {

using sdk::AwsKeys;
using sdk::Call;
using sdk::Json;
using sdk::JsonQuote;
using sdk::Ok;
using sdk::Secret;
using sdk::Status;

constexpr char kPrivateTarget[] = "AmazonEC2ContainerRegistry_V20150921.";
constexpr char kPublicTarget[] = "SpencerFrontendService.";
constexpr std::string_view kUser = "AWS:";
constexpr int64_t kUnknownLifeMs = 15 * 60 * 1000;

Status NoToken(const EcrHost& registry) {
  return sdk::MakeError(
      GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
      "ECR answered GetAuthorizationToken for " + registry.region + " without a token",
      "Check the connector's ecr_endpoint_url or endpoint_url, and proxies on the way.");
}

}  // namespace

EcrApi EcrApi::OfPublicRegistry() const {
  return {EcrHost::Parse("public.ecr.aws").value(), endpoints_};
}

Status EcrApi::Invoke(const Call& call, const AwsKeys& keys, std::string_view operation,
                      std::string body, Json& answer) const {
  sdk::HttpRequest request;
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", (registry_.is_public ? kPublicTarget : kPrivateTarget) +
                                          std::string(operation)}};
  request.body = std::move(body);
  request.flags = GANTRY_HTTP_SECRET_BODY;
  std::vector<std::string> urls(1);
  const Service service = registry_.is_public ? Service::kEcrPublic : Service::kEcr;
  GANTRY_FLAVOR_TRY(endpoints_.Find(call, service, urls.front()));
  if (urls.front().empty()) {
    urls = registry_.api_hosts();
    for (std::string& url : urls) url = "https://" + url + "/";
  }
  const Signer signer = {&keys, registry_.region, registry_.is_public ? "ecr-public" : "ecr"};
  sdk::HttpResponse response;
  for (size_t i = 0; i < urls.size(); ++i) {
    request.url = urls[i];
    Status sent = SendToAws(call, signer, operation, request, response);
    if (sent.ok()) break;
    // Nobody at this one: the next of the hosts may be the one that exists.
    const bool absent = sent.code == GANTRY_UNAVAILABLE && sent.host_said_why;
    if (!absent || i + 1 == urls.size()) return sent;
  }
  answer = Json::Parse(response.body);
  return Ok();
}

Status EcrApi::GetAuthorizationToken(const Call& call, const AwsKeys& keys, EcrToken& token) const {
  const std::string body = registry_.account.empty()
                               ? "{}"
                               : R"({"registryIds":[)" + JsonQuote(registry_.account) + "]}";
  Json answer;
  GANTRY_FLAVOR_TRY(Invoke(call, keys, "GetAuthorizationToken", body, answer));
  // One object for the public registry, an array of one for private ones.
  const Json given =
      registry_.is_public ? answer["authorizationData"] : answer["authorizationData"][size_t{0}];
  token.encoded = Secret(given["authorizationToken"].Text());
  const auto decoded = sdk::DecodeBase64(token.encoded.Reveal());
  const double expires = given["expiresAt"].Number();
  if (!decoded || decoded->compare(0, kUser.size(), kUser) != 0 ||
      !(expires > 0 && expires < 1e11)) {
    return NoToken(registry_);
  }
  token.password = Secret(std::string_view(*decoded).substr(kUser.size()));
  token.expires_unix_ms = std::llround(expires * 1000);
  // The token dies with the session that asked for it, and a session that does not say when it ends
  // may end soon.
  int64_t session_end = keys.expires_unix_ms;
  if (session_end == 0 && !keys.session_token.empty())
    session_end = call.now_unix_ms() + kUnknownLifeMs;
  token.expires_unix_ms = sdk::EarlierEnd(token.expires_unix_ms, session_end);
  return Ok();
}

Status EcrApi::DescribeRepositories(const Call& call, const AwsKeys& keys,
                                    std::string_view page_token, Json& answer) const {
  std::string body = R"({"maxResults":1000)" + RegistryIdField();
  if (!page_token.empty()) body += R"(,"nextToken":)" + JsonQuote(page_token);
  return Invoke(call, keys, "DescribeRepositories", body + "}", answer);
}

Status EcrApi::DescribeRepository(const Call& call, const AwsKeys& keys,
                                  std::string_view name) const {
  Json answer;
  return Invoke(call, keys, "DescribeRepositories",
                R"({"repositoryNames":[)" + JsonQuote(name) + "]" + RegistryIdField() + "}",
                answer);
}

std::string EcrApi::RegistryIdField() const {
  return registry_.account.empty() ? "" : R"(,"registryId":)" + JsonQuote(registry_.account);
}

}  // namespace gantry::aws

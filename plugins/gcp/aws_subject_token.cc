#include "plugins/gcp/aws_subject_token.h"

#include "plugins/sdk/sigv4.h"

namespace gantry::gcp {
namespace {

using sdk::JsonQuote;
using sdk::Status;

constexpr char kDefaultUrl[] =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

std::string InRegion(std::string url, const std::string& region) {
  constexpr std::string_view kPlaceholder = "{region}";
  const size_t at = url.find(kPlaceholder);
  return at == url.npos ? url : url.replace(at, kPlaceholder.size(), region);
}

// cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token, "subjectToken" of AWS.
std::string Serialize(const sdk::HttpRequest& request) {
  std::string headers;
  for (const auto& [name, value] : request.headers) {
    headers += (headers.empty() ? "" : ",") + ("{\"key\":" + JsonQuote(name)) +
               ",\"value\":" + JsonQuote(value) + "}";
  }
  return "{\"url\":" + JsonQuote(request.url) + ",\"method\":" + JsonQuote(request.method) +
         ",\"headers\":[" + headers + "]}";
}

}  // namespace

Status ReadAwsSubjectToken(const sdk::Call& call, const KeyFile& key, sdk::Secret& token) {
  sdk::AwsKeys keys;
  std::string region;
  std::string secret, session;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_REGION", region));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_ACCESS_KEY_ID", keys.access_key_id));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_SECRET_ACCESS_KEY", secret));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_SESSION_TOKEN", session));
  keys.secret_access_key = sdk::Secret(secret);
  keys.session_token = sdk::Secret(session);

  std::string url = key.json["credential_source"]["regional_cred_verification_url"].Text();
  sdk::HttpRequest request;
  request.method = "POST";
  request.url = InRegion(url.empty() ? kDefaultUrl : std::move(url), region);
  // Signed, so that the request is of no use to anybody but this pool's provider.
  request.headers = {{"x-goog-cloud-target-resource", key.json["audience"].Text()}};
  sdk::SignAwsRequest(keys, region, "sts", call.now_unix_ms(), request);
  token = sdk::Secret(sdk::UrlEncode(Serialize(request)));
  return sdk::Ok();
}

}  // namespace gantry::gcp

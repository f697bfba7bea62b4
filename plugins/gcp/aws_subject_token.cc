#include "plugins/gcp/aws_subject_token.h"

#include "plugins/sdk/aws_identity.h"
#include "plugins/sdk/sigv4.h"

namespace gantry::gcp {
namespace {

using sdk::JsonQuote;
using sdk::Status;

constexpr char kDefaultUrl[] =
    "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";

// Only the question who one is may be signed: a signature of any other request would be a login.
bool AsksWhoOneIs(std::string_view url) {
  return url == kDefaultUrl ||
         url ==
             "https://sts.{region}.amazonaws.com.cn?Action=GetCallerIdentity&Version=2011-06-15" ||
         url == "https://sts.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15";
}

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
  GANTRY_FLAVOR_TRY(sdk::AwsKeysOfMachine(call, keys));
  std::string region;
  GANTRY_FLAVOR_TRY(sdk::AwsRegionOfMachine(call, region));

  std::string url = key.json["credential_source"]["regional_cred_verification_url"].Text();
  if (url.empty()) url = kDefaultUrl;
  if (!AsksWhoOneIs(url)) {
    return sdk::ConnectorUnusable(
        "regional_cred_verification_url in " + key.source + " is not the one that Google writes",
        std::string("Use ") + kDefaultUrl + ".");
  }
  sdk::HttpRequest request;
  request.method = "POST";
  request.url = InRegion(std::move(url), region);
  // Signed, so that the request is of no use to anybody but this pool's provider.
  request.headers = {{"x-goog-cloud-target-resource", key.json["audience"].Text()}};
  sdk::SignAwsRequest(keys, region, "sts", call.now_unix_ms(), request);
  token = sdk::Secret(sdk::UrlEncode(Serialize(request)));
  return sdk::Ok();
}

}  // namespace gantry::gcp

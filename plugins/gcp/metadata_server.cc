#include "plugins/gcp/metadata_server.h"

#include "plugins/sdk/json.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::gcp {
namespace {

using sdk::Ok;
using sdk::Status;

constexpr char kDefaultHost[] = "metadata.google.internal";
constexpr char kFlavor[] = "Metadata-Flavor";
constexpr char kAccount[] = "/computeMetadata/v1/instance/service-accounts/default/";
constexpr char kProject[] = "/computeMetadata/v1/project/project-id";

class MetadataServer {
 public:
  MetadataServer(const sdk::Call& call, std::string host) : call_(call), host_(std::move(host)) {}

  const std::string& host() const { return host_; }

  Status Get(const std::string& path, sdk::HttpResponse& response) const {
    sdk::HttpRequest request;
    request.url = "http://" + host_ + path;
    request.headers = {{kFlavor, "Google"}};
    request.flags = uint32_t{GANTRY_HTTP_METADATA} | GANTRY_HTTP_SECRET_BODY;
    GANTRY_FLAVOR_TRY(call_.Http(request, response));
    // Whoever answers without it is a captive portal or another cloud.
    if (response.Header(kFlavor) == "Google") return Ok();
    return sdk::ConnectorUnusable(
        host_ + " answers, but not as Google's metadata server: \"" + std::string(kFlavor) +
            ": Google\" is missing",
        "Check what answers for " + host_ + "; outside of Google Cloud use another way to log in.");
  }

 private:
  const sdk::Call& call_;
  const std::string host_;
};

// Whether the call itself is over, or may not do this at all: then there is nothing to explain.
bool EndsTheCall(const Status& status) {
  return status.code == GANTRY_CANCELLED || status.code == GANTRY_DEADLINE_EXCEEDED ||
         status.code == GANTRY_PERMISSION_DENIED;
}

}  // namespace

Status MetadataToken(const sdk::Call& call, std::string_view scope, std::string_view absent,
                     AccessToken& token) {
  std::string host;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("GCE_METADATA_HOST", host));
  const MetadataServer server(call, host.empty() ? kDefaultHost : host);

  const int64_t now_ms = call.now_unix_ms();
  std::string path = std::string(kAccount) + "token";
  if (scope != kFullScope) path += "?scopes=" + sdk::UrlEncode(scope);
  sdk::HttpResponse response;
  const Status status = server.Get(path, response);
  if (status.host_said_why && !EndsTheCall(status)) {
    return sdk::ConnectorUnusable(
        std::string(absent) + " and no metadata server answers at " + server.host(),
        "Set GOOGLE_APPLICATION_CREDENTIALS for gantryd, run gcloud auth "
        "application-default login as its user, or run it on Google Cloud.");
  }
  GANTRY_FLAVOR_TRY(status);
  constexpr char kWhat[] = "a token of the service account of this machine";
  if (response.status != 200) {
    return sdk::UpstreamError(server.host(), kWhat, response, "", response.body);
  }
  // Machines may be bound to scopes of their own, whatever is asked for.
  GANTRY_FLAVOR_TRY(ReadTokenAnswer("http://" + server.host(), kWhat, response, now_ms, "", token));

  // Only for people to read, so it may fail.
  if (server.Get(std::string(kAccount) + "email", response).ok() && response.status == 200) {
    token.identity = response.body;
  }
  if (server.Get(kProject, response).ok() && response.status == 200) token.project = response.body;
  return Ok();
}

}  // namespace gantry::gcp

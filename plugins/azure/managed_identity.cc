#include "plugins/azure/managed_identity.h"

#include <utility>

#include "plugins/azure/entra_login.h"
#include "plugins/sdk/encoding.h"

namespace gantry::azure {
namespace {

constexpr std::string_view kMachineService =
    "http://169.254.169.254/metadata/identity/oauth2/token";
// Arc's agent proves that its client may read files of root's group; nothing else is ever read.
constexpr std::string_view kArcDirectory = "/var/opt/azcmagent/tokens/";
constexpr std::string_view kArcSuffix = ".key";
constexpr size_t kMaxArcKey = 4096;
// How long a metadata service that is being updated says 410, at most.
constexpr int64_t kUpdateMs = 70'000;
constexpr int64_t kPauseMs = 1000;

// One kind of service and how it wants to be asked.
struct Service {
  std::string url;
  std::string version;
  sdk::Headers headers;
  const char* resource_id_parameter;
};

sdk::HttpRequest RequestFor(const Service& service, const MachineIdentity& identity,
                            std::string_view resource) {
  sdk::HttpRequest request;
  request.url = service.url + (service.url.find('?') == std::string::npos ? "?" : "&") +
                "api-version=" + service.version + "&resource=" + sdk::UrlEncode(resource);
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) request.url += std::string("&") + name + "=" + sdk::UrlEncode(value);
  };
  add("client_id", identity.client_id);
  add("object_id", identity.object_id);
  add(service.resource_id_parameter, identity.resource_id);
  request.headers = service.headers;
  request.flags = uint32_t{GANTRY_HTTP_METADATA} | GANTRY_HTTP_SECRET_BODY;
  return request;
}

sdk::Status Ask(const sdk::Call& call, const sdk::HttpRequest& request,
                sdk::HttpResponse& response) {
  const sdk::Status status = call.Http(request, response);
  if (status.code != GANTRY_UNAVAILABLE) return status;
  return sdk::MakeError(
      GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE",
      "no managed identity service answers at " + sdk::AuthorityOf(request.url),
      "Run gantryd on an Azure machine that has an identity, and where the service "
      "can be reached, or give the connector another auth method.");
}

// A service that is busy or being updated is not there (404), gone (410) or unwell for a while; the
// host's retries wait as long as told.
sdk::Status Refusal(const std::string& host, const sdk::HttpResponse& response) {
  sdk::Status status = EntraRefusal(host, response);
  if (response.status != 404 && response.status != 410) return status;
  status.code = GANTRY_UNAVAILABLE;
  status.reason = "UPSTREAM_UNAVAILABLE";
  if (status.retry_after_ms < 0) {
    status.retry_after_ms = response.status == 410 ? kUpdateMs : kPauseMs;
  }
  return status;
}

// "Basic realm=/var/opt/azcmagent/tokens/….key" names the file; empty when it names another.
std::string ArcKeyFile(const sdk::HttpResponse& challenge) {
  constexpr std::string_view kRealm = "Basic realm=";
  std::string path = challenge.Header("WWW-Authenticate").value_or("");
  if (path.size() < kRealm.size() || !sdk::SameText(path.substr(0, kRealm.size()), kRealm))
    return {};
  path.erase(0, kRealm.size());
  const size_t name = kArcDirectory.size();
  const bool ours = path.starts_with(kArcDirectory) && path.find('/', name) == path.npos &&
                    path.size() > name + kArcSuffix.size() && path.ends_with(kArcSuffix);
  return ours ? path : std::string();
}

// The agent's first answer is 401 and names a file; its content is the password of the second try.
sdk::Status AnswerArc(const sdk::Call& call, sdk::HttpRequest request,
                      sdk::HttpResponse& response) {
  const std::string path = ArcKeyFile(response);
  if (path.empty()) {
    return sdk::MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
                          "the Arc agent names no key file below " + std::string(kArcDirectory),
                          "Check that IDENTITY_ENDPOINT is the Arc agent's, and update the agent.");
  }
  sdk::Secret key;
  const sdk::Status read = call.ReadFile(path, key);
  if (read.code == GANTRY_NOT_FOUND || (read.ok() && key.Reveal().size() > kMaxArcKey)) {
    return sdk::MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
                          "the Arc agent's key file " + path + " is missing or too long",
                          "Update the agent, and let gantryd's user be in the group himds.");
  }
  GANTRY_FLAVOR_TRY(read);
  request.headers.emplace_back("Authorization", "Basic " + std::string(key.Reveal()));
  return Ask(call, request, response);
}

}  // namespace

sdk::Status LoginAsMachine(const sdk::Call& call, const MachineIdentity& identity,
                           std::string_view resource, Token& token) {
  std::string endpoint, header, arc;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("IDENTITY_ENDPOINT", endpoint));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("IDENTITY_HEADER", header));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("IMDS_ENDPOINT", arc));
  const bool app_service = !endpoint.empty() && !header.empty();
  const bool arc_agent = !app_service && !endpoint.empty() && !arc.empty();
  if (arc_agent && !(identity.client_id + identity.object_id + identity.resource_id).empty()) {
    return sdk::ConnectorUnusable("a machine that is connected by Arc has one identity, its own",
                                  "Clear client_id, object_id and msi_res_id.");
  }
  Service service{std::string(kMachineService), "2018-02-01", {{"Metadata", "true"}}, "msi_res_id"};
  if (app_service) {
    service = {endpoint, "2019-08-01", {{"X-IDENTITY-HEADER", header}}, "mi_res_id"};
  } else if (arc_agent) {
    service = {endpoint, "2020-06-01", {{"Metadata", "true"}}, "msi_res_id"};
  }
  const std::string host = sdk::AuthorityOf(service.url);
  if (host.empty()) {
    return sdk::ConnectorUnusable("IDENTITY_ENDPOINT is no URL that names a host",
                                  "Correct it, or leave it out where there is no such service.");
  }
  const sdk::HttpRequest request = RequestFor(service, identity, resource);
  sdk::HttpResponse response;
  GANTRY_FLAVOR_TRY(Ask(call, request, response));
  if (arc_agent && response.status == 401) GANTRY_FLAVOR_TRY(AnswerArc(call, request, response));
  if (response.status != 200) return Refusal(host, response);
  return TakeToken(host, "access_token", call.now_unix_ms(), response, token);
}

}  // namespace gantry::azure

#include "plugins/sdk/aws_identity.h"

#include <algorithm>
#include <utility>

#include "plugins/sdk/json.h"
#include "plugins/sdk/timestamp.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::sdk {
namespace {

constexpr char kContainerHost[] = "http://169.254.170.2";
constexpr char kInstanceHost[] = "http://169.254.169.254";
constexpr char kInstanceHostV6[] = "http://[fd00:ec2::254]";
constexpr char kRolePath[] = "/iam/security-credentials/";
constexpr char kZonePath[] = "/placement/availability-zone";
// Those that plain HTTP may carry a credential to: the machine itself, ECS and EKS Pod Identity.
constexpr std::string_view kPlainHosts[] = {"localhost",     "127.0.0.1",      "[::1]",
                                            "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

Status CheckMayCarryCredentials(std::string_view url) {
  constexpr char kRemedy[] = "Correct AWS_CONTAINER_CREDENTIALS_FULL_URI.";
  const std::string host = HostOf(url);
  if (host.empty()) {
    return ConnectorUnusable("the URL of the container's credentials does not name a host",
                             kRemedy);
  }
  const bool plain_host =
      std::find(std::begin(kPlainHosts), std::end(kPlainHosts), host) != std::end(kPlainHosts);
  if (plain_host || url.starts_with("https://")) return Ok();
  return ConnectorUnusable("the container's credentials would come from " + host + " by plain HTTP",
                           kRemedy);
}

// {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}: the document of all these services.
Status ReadKeys(const HttpResponse& response, std::string_view host, std::string_view what,
                AwsKeys& keys) {
  const Json body = Json::Parse(response.body);
  const std::string code = body["Code"].Text().empty() ? body["code"].Text() : body["Code"].Text();
  const std::string text =
      body["Message"].Text().empty() ? body["message"].Text() : body["Message"].Text();
  if (response.status != 200) return UpstreamError(host, what, response, code, text);
  keys.access_key_id = body["AccessKeyId"].Text();
  keys.secret_access_key = Secret(body["SecretAccessKey"].Text());
  keys.session_token = Secret(body["Token"].Text());
  keys.expires_unix_ms = ParseTimestamp(body["Expiration"].Text()).value_or(0);
  if (!keys.empty() && !keys.secret_access_key.empty()) return Ok();
  keys = AwsKeys();
  return MakeError(GANTRY_FAILED_PRECONDITION, "UPSTREAM_PROTOCOL",
                   std::string(host) + " gave no keys for " + std::string(what) +
                       (code.empty() ? "" : ": " + code) + (text.empty() ? "" : ": " + text),
                   "Check the role that is attached to the machine.");
}

// Three tries, as AWS's SDKs have them: an agent of the node may be just starting.
Status AskContainerService(const Call& call, const HttpRequest& request, HttpResponse& response) {
  constexpr int64_t kPauseMs = 500;
  for (int tries = 1;; ++tries) {
    const Status sent = call.Http(request, response);
    const bool later = sent.code == GANTRY_UNAVAILABLE || (sent.ok() && response.status >= 500);
    if (!later || tries == 3 || call.remaining_ms() <= kPauseMs) {
      if (sent.code != GANTRY_UNAVAILABLE) return sent;
      return MakeError(GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE",
                       "the container's credentials service does not answer at " +
                           HostOf(request.url),
                       "On EKS, check that the Pod Identity agent runs on the node; elsewhere, "
                       "that AWS_CONTAINER_CREDENTIALS_FULL_URI is right.");
    }
    GANTRY_FLAVOR_TRY(call.Wait(kPauseMs));
  }
}

// The content of Authorization for the container's endpoint, as it is: no scheme is put in front.
Status ReadContainerToken(const Call& call, Secret& token) {
  std::string path, value;
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path));
  if (!path.empty()) {
    GANTRY_FLAVOR_TRY(call.ReadFile(path, token));
  } else {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_CONTAINER_AUTHORIZATION_TOKEN", value));
    token = Secret(value);
  }
  if (token.Reveal().find_first_of("\r\n") == std::string_view::npos) return Ok();
  return ConnectorUnusable("the container's authorization token has line breaks",
                           "Check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.");
}

// The instance's metadata service (IMDSv2), and a session of it.
class InstanceService {
 public:
  explicit InstanceService(const Call& call) : call_(call) {}

  // Leaves `is_there` false when the machine has none, or the environment switches it off.
  Status Open(bool& is_there);
  // Of "/latest/meta-data".
  Status Get(const std::string& path, HttpResponse& response) const {
    return Ask({"GET", base_ + "/latest/meta-data" + path, session_, "", 0}, response);
  }
  std::string host() const { return HostOf(base_); }

 private:
  Status NoSession(int status) const;
  Status Find();
  Status Ask(HttpRequest request, HttpResponse& response) const;

  const Call& call_;
  std::string base_;
  Headers session_;
};

Status InstanceService::Open(bool& is_there) {
  is_there = false;
  GANTRY_FLAVOR_TRY(Find());
  if (base_.empty()) return Ok();
  HttpResponse response;
  GANTRY_FLAVOR_TRY(Ask({"PUT",
                         base_ + "/latest/api/token",
                         {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}},
                         "",
                         0},
                        response));
  if (response.status == 404) return Ok();  // another cloud's
  if (response.status == 403 || response.status == 405) return NoSession(response.status);
  if (response.status != 200) {
    return UpstreamError(host(), "a session of its metadata service", response, "", "");
  }
  session_ = {{"X-aws-ec2-metadata-token", response.body}};
  is_there = true;
  return Ok();
}

// Where the AWS SDKs would go on with IMDSv1: that answers whoever gets a machine to send a GET.
Status InstanceService::NoSession(int status) const {
  if (status == 403) {
    return ConnectorUnusable("the metadata service at " + host() +
                                 " gives no session (HTTP 403): it is switched off for this "
                                 "instance, or a proxy is in front of it",
                             "Enable it (HttpEndpoint), and reach it without a proxy; or give the "
                             "connector keys of its own.");
  }
  return ConnectorUnusable("the metadata service at " + host() +
                               " knows no sessions (HTTP 405), and keys are taken by IMDSv2 alone",
                           "Let what answers there serve IMDSv2, or give the connector keys of its "
                           "own.");
}

Status InstanceService::Find() {
  std::string disabled, mode;
  GANTRY_FLAVOR_TRY(call_.ReadEnvironment("AWS_EC2_METADATA_DISABLED", disabled));
  if (SameText(disabled, "true")) return Ok();
  GANTRY_FLAVOR_TRY(call_.ReadEnvironment("AWS_EC2_METADATA_SERVICE_ENDPOINT", base_));
  base_.erase(base_.find_last_not_of('/') + 1);
  if (!base_.empty()) {
    if (!host().empty()) return Ok();
    return ConnectorUnusable("AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL that names a host",
                             "Use the form http://169.254.169.254.");
  }
  GANTRY_FLAVOR_TRY(call_.ReadEnvironment("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", mode));
  if (!mode.empty() && !SameText(mode, "ipv4") && !SameText(mode, "ipv6")) {
    return ConnectorUnusable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6",
                             "Set it to one of the two, or leave it out.");
  }
  base_ = SameText(mode, "ipv6") ? kInstanceHostV6 : kInstanceHost;
  return Ok();
}

Status InstanceService::Ask(HttpRequest request, HttpResponse& response) const {
  request.flags = uint32_t{GANTRY_HTTP_METADATA} | GANTRY_HTTP_SECRET_BODY;
  Status status = call_.Http(request, response);
  if (status.code != GANTRY_UNAVAILABLE) return status;
  return MakeError(GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE",
                   "the instance's metadata service does not answer at " + host(),
                   "In a container on EC2, set the instance's HttpPutResponseHopLimit to 2, or use "
                   "EKS Pod Identity or IRSA; elsewhere, give the connector keys of its own.");
}

}  // namespace

Status AwsKeysOfEnvironment(const Call& call, AwsKeys& keys) {
  std::string id, secret, token;
  keys = AwsKeys();
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_ACCESS_KEY_ID", id));
  if (id.empty()) return Ok();
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_SECRET_ACCESS_KEY", secret));
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_SESSION_TOKEN", token));
  if (secret.empty()) {
    return ConnectorUnusable("the daemon's environment has AWS_ACCESS_KEY_ID without its secret",
                             "Set AWS_SECRET_ACCESS_KEY too, or neither.");
  }
  keys.access_key_id = id;
  keys.secret_access_key = Secret(secret);
  keys.session_token = Secret(token);
  return Ok();
}

Status AwsKeysOfContainer(const Call& call, AwsKeys& keys) {
  HttpRequest request;
  std::string path;
  keys = AwsKeys();
  GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", path));
  if (!path.empty()) {
    request.url = kContainerHost + path;
  } else {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment("AWS_CONTAINER_CREDENTIALS_FULL_URI", request.url));
  }
  if (request.url.empty()) return Ok();
  GANTRY_FLAVOR_TRY(CheckMayCarryCredentials(request.url));
  Secret token;
  GANTRY_FLAVOR_TRY(ReadContainerToken(call, token));
  request.headers = {{"Accept", "application/json"}};
  if (!token.empty()) request.headers.emplace_back("Authorization", token.Reveal());
  request.flags = uint32_t{GANTRY_HTTP_METADATA} | GANTRY_HTTP_SECRET_BODY;
  HttpResponse response;
  GANTRY_FLAVOR_TRY(AskContainerService(call, request, response));
  return ReadKeys(response, HostOf(request.url), "the container's role", keys);
}

Status AwsKeysOfInstance(const Call& call, AwsKeys& keys) {
  keys = AwsKeys();
  InstanceService instance(call);
  bool is_there = false;
  GANTRY_FLAVOR_TRY(instance.Open(is_there));
  if (!is_there) return Ok();
  HttpResponse response;
  GANTRY_FLAVOR_TRY(instance.Get(kRolePath, response));
  const std::string role = response.body.substr(0, response.body.find_first_of("\r\n"));
  if (response.status == 404 || (response.status == 200 && role.empty())) return Ok();
  if (response.status != 200) {
    return UpstreamError(instance.host(), "the name of the instance's role", response, "", "");
  }
  GANTRY_FLAVOR_TRY(instance.Get(kRolePath + UrlEncode(role), response));
  return ReadKeys(response, instance.host(), "the instance's role " + role, keys);
}

Status AwsKeysOfMachine(const Call& call, AwsKeys& keys) {
  for (const auto find : {AwsKeysOfEnvironment, AwsKeysOfContainer, AwsKeysOfInstance}) {
    GANTRY_FLAVOR_TRY(find(call, keys));
    if (!keys.empty()) return Ok();
  }
  return ConnectorUnusable(
      "the daemon's machine has no AWS identity: no access key in the environment, no role of a "
      "container, no role of the instance",
      "Give the machine a role, or the connector keys of its own.");
}

Status AwsRegionOfEnvironment(const Call& call, std::string& region) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    GANTRY_FLAVOR_TRY(call.ReadEnvironment(name, region));
    if (!region.empty()) return Ok();
  }
  return Ok();
}

Status AwsRegionOfMachine(const Call& call, std::string& region) {
  GANTRY_FLAVOR_TRY(AwsRegionOfEnvironment(call, region));
  if (!region.empty()) return Ok();
  InstanceService instance(call);
  bool is_there = false;
  GANTRY_FLAVOR_TRY(instance.Open(is_there));
  HttpResponse response;
  if (is_there) GANTRY_FLAVOR_TRY(instance.Get(kZonePath, response));
  // "us-east-1d": the zone is the region's, and a letter.
  if (response.status == 200 && response.body.size() > 1) {
    region = response.body.substr(0, response.body.size() - 1);
    return Ok();
  }
  return ConnectorUnusable("the AWS region of this machine is not known",
                           "Set AWS_REGION for gantryd.");
}

}  // namespace gantry::sdk

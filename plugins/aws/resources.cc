#include "plugins/aws/resources.h"

#include <utility>

#include "plugins/sdk/aws_identity.h"

namespace gantry::aws {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::Json;
using sdk::Ok;
using sdk::Status;

constexpr char kPublicRegion[] = "us-east-1";  // where the public registry is

Status EnvironmentRegion(const Call& call, std::string& region) {
  Status read = sdk::AwsRegionOfEnvironment(call, region);
  return read.code == GANTRY_PERMISSION_DENIED ? Ok() : std::move(read);  // not ours to look at
}

// The public registry has keys of every region.
std::string KnownRegion(const Config& config) {
  const auto known = EcrHost::Parse(config.connector_registry());
  return known && !known->is_public ? known->region : "";
}

// What was read is worth more than an error about the rest.
void Warn(const Call& call, const std::string& what, const Status& status) {
  call.Log(GANTRY_WARN, "the list lacks " + what + ": " +
                            (status.message.empty() ? "they cannot be reached" : status.message));
}

Status ListPublic(const Call& call, const EcrApi& private_api, const sdk::AwsKeys& keys,
                  sdk::ResourcePage& page) {
  const EcrApi api = private_api.OfPublicRegistry();
  Json answer;
  GANTRY_FLAVOR_TRY(api.Invoke(call, keys, "DescribeRegistries", "{}", answer));
  for (size_t i = 0; i < answer["registries"].size(); ++i) {
    const std::string uri = answer["registries"][i]["registryUri"].Text();
    if (!uri.empty()) page.resources.push_back({uri, "public registry"});
  }
  return Ok();
}

Status ListPrivate(const Call& call, const sdk::AwsKeys& keys, const Sts& sts, const EcrApi& api,
                   const std::string& page_token, sdk::ResourcePage& page) {
  EcrHost registry = api.registry();
  if (!registry.is_public && registry.account.empty()) {
    Caller caller;
    GANTRY_FLAVOR_TRY(sts.GetCallerIdentity(call, keys, caller));
    registry.account = caller.account;
  }
  Json answer;
  GANTRY_FLAVOR_TRY(api.DescribeRepositories(call, keys, page_token, answer));
  if (page_token.empty() && !registry.is_public) {
    page.resources.push_back(
        {registry.host(), "account " + registry.account + " in " + registry.region});
  }
  for (size_t i = 0; i < answer["repositories"].size(); ++i) {
    page.resources.push_back({answer["repositories"][i]["repositoryUri"].Text(), "repository"});
  }
  page.next_page_token = answer["nextToken"].Text();
  return Ok();
}

}  // namespace

Status FindRegistry(const Call& call, const Config& config, EcrHost& registry) {
  if (const auto named = EcrHost::Parse(config.host())) {
    registry = *named;
    return Ok();
  }
  const Json fields = config.connector_fields();
  std::string region = fields["region"].Text();
  if (region.empty()) region = KnownRegion(config);
  if (region.empty()) {
    GANTRY_FLAVOR_TRY(EnvironmentRegion(call, region));
    region = RegionFor(fields["role_arn"].Text(), region);
  }
  registry = EcrHost::OfRegion(std::move(region));
  return Ok();
}

Status ListResources(const Call& call, const sdk::AwsKeys& keys, const Sts& sts, const EcrApi& api,
                     const std::string& page_token, sdk::ResourcePage& page) {
  const Status own = ListPrivate(call, keys, sts, api, page_token, page);
  // A page in the middle is no list, so nothing takes its place.
  if (!own.ok() && !page_token.empty()) return own;
  if (!page.next_page_token.empty() || api.registry().region != kPublicRegion) return own;
  GANTRY_FLAVOR_TRY(call.Check());
  const Status shared = ListPublic(call, api, keys, page);
  if (own.ok()) {
    if (!shared.ok()) Warn(call, "the public registries", shared);
    return Ok();
  }
  if (!page.resources.empty()) {
    Warn(call, "the private registry", own);
    return Ok();
  }
  if (!own.host_said_why || shared.ok()) return own;
  // What the host said last was about the public ones.
  return sdk::MakeError(own.code, "UPSTREAM_UNAVAILABLE",
                        "neither the API of ECR in " + api.registry().region +
                            " nor that of public registries can be reached",
                        "Check the daemon's network and proxies, and the connector's endpoints.");
}

}  // namespace gantry::aws

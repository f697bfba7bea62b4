#include "plugins/aws/resources.h"

#include <utility>

namespace gantry::aws {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::Json;
using sdk::Ok;
using sdk::Status;

constexpr char kPublicRegion[] = "us-east-1";  // where the public registry is

Status EnvironmentRegion(const Call& call, std::string& region) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    Status read = call.ReadEnvironment(name, region);
    if (read.code == GANTRY_PERMISSION_DENIED) return Ok();  // not ours to look at
    if (!read.ok() || !region.empty()) return read;
  }
  return Ok();
}

Status ListPublic(const Call& call, const EcrApi& private_api, const sdk::AwsKeys& keys,
                  sdk::ResourcePage& page) {
  const EcrApi api = private_api.OfPublicRegistry();
  Json answer;
  const Status status = api.Invoke(call, keys, "DescribeRegistries", "{}", answer);
  // Most users of ECR have nothing to do with its public part, nor rights there.
  if (status.code == GANTRY_PERMISSION_DENIED) return Ok();
  GANTRY_FLAVOR_TRY(status);
  for (size_t i = 0; i < answer["registries"].size(); ++i) {
    const std::string uri = answer["registries"][i]["registryUri"].Text();
    if (!uri.empty()) page.resources.push_back({uri, "public registry"});
  }
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
  if (region.empty()) {
    GANTRY_FLAVOR_TRY(EnvironmentRegion(call, region));
    region = RegionFor(fields["role_arn"].Text(), region);
  }
  registry = EcrHost::OfRegion(std::move(region));
  return Ok();
}

Status ListResources(const Call& call, const sdk::AwsKeys& keys, const Sts& sts, const EcrApi& api,
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
  if (!page.next_page_token.empty() || registry.region != kPublicRegion) return Ok();
  return ListPublic(call, api, keys, page);
}

}  // namespace gantry::aws

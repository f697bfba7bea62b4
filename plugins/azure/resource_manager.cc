#include "plugins/azure/resource_manager.h"

#include <functional>
#include <utility>

#include "plugins/sdk/upstream_error.h"

namespace gantry::azure {
namespace {

constexpr char kSubscriptionsVersion[] = "2022-12-01";
constexpr char kRegistriesVersion[] = "2023-07-01";
constexpr char kRegistryType[] = "/providers/Microsoft.ContainerRegistry/registries";

class ResourceManager {
 public:
  ResourceManager(const sdk::Call& call, std::string host, const sdk::Secret& token)
      : call_(call),
        host_(std::move(host)),
        authorization_("Bearer " + std::string(token.Reveal())) {}

  // Every element of "value" on every page.
  sdk::Status ForEach(const std::string& path, const std::string& what,
                      const std::function<void(const sdk::Json&)>& visit) const {
    const std::string origin = "https://" + host_ + "/";
    std::string url = origin + path;
    while (!url.empty()) {
      GANTRY_FLAVOR_TRY(call_.Check());
      sdk::HttpRequest request;
      request.url = url;
      request.headers = {{"Authorization", authorization_}, {"Accept", "application/json"}};
      sdk::HttpResponse response;
      GANTRY_FLAVOR_TRY(call_.Http(request, response));
      const sdk::Json page = sdk::Json::Parse(response.body);
      if (response.status != 200) {
        return sdk::UpstreamError(host_, "to list " + what, response, page["error"]["code"].Text(),
                                  page["error"]["message"].Text());
      }
      for (size_t i = 0; i < page["value"].size(); ++i) visit(page["value"][i]);
      std::string next = page["nextLink"].Text();
      // The token goes to no other host, and no page leads back to itself.
      if (!next.empty() && (!next.starts_with(origin) || next == url)) {
        return sdk::NotTheCloud(host_, "links to a next page that is none of its own");
      }
      url = std::move(next);
    }
    return sdk::Ok();
  }

 private:
  const sdk::Call& call_;
  const std::string host_;
  const std::string authorization_;
};

sdk::Resource ResourceOf(const sdk::Json& registry, const std::string& subscription) {
  sdk::Resource resource;
  resource.uri = registry["properties"]["loginServer"].Text();
  resource.description = registry["sku"]["name"].Text() + " registry in " +
                         registry["location"].Text() + ", subscription " + subscription;
  return resource;
}

}  // namespace

sdk::Status ListRegistries(const sdk::Call& call, Identity& identity, const RegistryFilter& filter,
                           std::vector<sdk::Resource>& registries) {
  Identity::Entry token;
  GANTRY_FLAVOR_TRY(identity.Get(call, Audience::kResourceManager, token));
  const ResourceManager azure(call, std::string(identity.cloud().resource_manager), *token.value);
  std::vector<std::string> subscriptions;
  if (!filter.subscription_id.empty()) {
    subscriptions.push_back(filter.subscription_id);
  } else {
    GANTRY_FLAVOR_TRY(
        azure.ForEach(std::string("subscriptions?api-version=") + kSubscriptionsVersion,
                      "subscriptions", [&](const sdk::Json& item) {
                        if (std::string id = item["subscriptionId"].Text(); !id.empty()) {
                          subscriptions.push_back(std::move(id));
                        }
                      }));
  }
  for (const std::string& subscription : subscriptions) {
    std::string path = "subscriptions/" + sdk::UrlEncode(subscription);
    if (!filter.resource_group.empty()) {
      path += "/resourceGroups/" + sdk::UrlEncode(filter.resource_group);
    }
    const sdk::Status status =
        azure.ForEach(path + kRegistryType + "?api-version=" + kRegistriesVersion,
                      "the registries of subscription " + subscription, [&](const sdk::Json& item) {
                        sdk::Resource resource = ResourceOf(item, subscription);
                        if (!resource.uri.empty()) registries.push_back(std::move(resource));
                      });
    // Looking through all subscriptions, one without that resource group is none to complain about.
    const bool absent = !status.ok() && filter.subscription_id.empty() &&
                        !filter.resource_group.empty() && status.reason == "UPSTREAM_REJECTED";
    if (!absent) GANTRY_FLAVOR_TRY(status);
  }
  return sdk::Ok();
}

}  // namespace gantry::azure

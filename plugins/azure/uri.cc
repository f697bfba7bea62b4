#include "plugins/azure/uri.h"

#include <algorithm>
#include <array>

#include "plugins/sdk/config.h"
#include "plugins/sdk/http.h"

namespace gantry::azure {
namespace {

constexpr std::array<Cloud, 4> kClouds = {{
    {"azurecr.io", "login.microsoftonline.com", "management.azure.com"},
    {"azurecr.us", "login.microsoftonline.us", "management.usgovcloudapi.net"},
    {"azurecr.cn", "login.partner.microsoftonline.cn", "management.chinacloudapi.cn"},
    {"azurecr.de", "login.microsoftonline.de", "management.microsoftazure.de"},
}};
constexpr std::string_view kOldChinaAuthority = "login.chinacloudapi.cn";
constexpr size_t kMinName = 5, kMaxName = 50;

// Letters and digits; host names come in lower case.
bool IsWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

// The name, with the hash that a registry with a domain name label has behind a dash.
bool IsRegistryName(std::string_view text) {
  const size_t dash = text.find('-');
  const std::string_view name = text.substr(0, dash);
  return name.size() >= kMinName && name.size() <= kMaxName && IsWord(name) &&
         (dash == text.npos || IsWord(text.substr(dash + 1)));
}

// What is in front of ".azurecr.io"; empty when the host ends otherwise.
std::string_view LabelsBefore(std::string_view host) {
  for (const Cloud& cloud : kClouds) {
    if (!host.ends_with(cloud.registry_suffix)) continue;
    host.remove_suffix(cloud.registry_suffix.size());
    return host.ends_with(".") ? host.substr(0, host.size() - 1) : std::string_view();
  }
  return {};
}

// Cuts ".<region>.<kind>" off, as in "name.westeurope.geo".
bool CutRegional(std::string_view kind, std::string_view& labels) {
  if (!labels.ends_with(kind)) return false;
  const std::string_view front = labels.substr(0, labels.size() - kind.size());
  const size_t dot = front.rfind('.');
  if (dot == front.npos || !IsWord(front.substr(dot + 1))) return false;
  labels = front.substr(0, dot);
  return true;
}

}  // namespace

HostKind KindOf(std::string_view host) {
  std::string_view labels = LabelsBefore(host);
  const bool data = CutRegional(".data", labels);
  if (!data) CutRegional(".geo", labels);
  if (!IsRegistryName(labels)) return HostKind::kForeign;
  return data ? HostKind::kDataEndpoint : HostKind::kLoginServer;
}

const Cloud& CloudOfRegistry(std::string_view host) {
  const auto* cloud = std::find_if(kClouds.begin(), kClouds.end(), [&](const Cloud& c) {
    return host.ends_with(c.registry_suffix);
  });
  return cloud == kClouds.end() ? kClouds.front() : *cloud;
}

const Cloud& CloudOfAuthority(std::string_view authority) {
  const auto* cloud = std::find_if(kClouds.begin(), kClouds.end(), [&](const Cloud& c) {
    return c.authority == authority ||
           (authority == kOldChinaAuthority && c.registry_suffix == "azurecr.cn");
  });
  return cloud == kClouds.end() ? kClouds.front() : *cloud;
}

void CheckHost(const std::string& host, sdk::Findings& findings) {
  const auto refuse = [&](std::string message, std::string remedy) {
    findings.push_back({GANTRY_ERROR, "uri", "uri", std::move(message), std::move(remedy)});
  };
  switch (KindOf(host)) {
    case HostKind::kLoginServer:
      return;
    case HostKind::kDataEndpoint:
      return refuse(host + " is a data endpoint: it serves downloads, and takes no pushes",
                    "Use the registry's login server, which `az acr show --query loginServer` "
                    "prints, such as " +
                        host.substr(0, host.find('.')) + "." +
                        std::string(CloudOfRegistry(host).registry_suffix) + ".");
    case HostKind::kForeign:
      break;
  }
  if (LabelsBefore(host).empty()) {
    return refuse(
        "Azure's registries are at <name>.azurecr.io, .azurecr.us, .azurecr.cn or "
        ".azurecr.de, not at " +
            host,
        sdk::ForeignHostRemedy(
            "Use the login server that `az acr show --query loginServer` prints.", host));
  }
  refuse(host + " is no login server: a registry's name has 5 to 50 letters and digits",
         "Copy the login server from `az acr show --query loginServer`.");
}

std::string HostOfAuthority(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  std::string url(text);
  if (text.find("://") == text.npos) url.insert(0, kScheme);
  url.erase(url.find_last_not_of('/') + 1);
  const std::string host = sdk::HostOf(url);
  // The host alone: no port, no path.
  if (host.empty() || url != std::string(kScheme) + host) return {};
  return sdk::RegistryHostOf(host);
}

}  // namespace gantry::azure

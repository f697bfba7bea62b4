#include "plugins/sdk/config.h"

#include <algorithm>

namespace gantry::sdk {
namespace {

std::string_view WithoutScheme(std::string_view text) {
  const size_t scheme = text.find("://");
  return scheme == text.npos ? text : text.substr(scheme + 3);
}

}  // namespace

Config::Config(std::string_view json_text) : root_(Json::Parse(json_text)) {
  uri_ = WithoutScheme(root_["uri"].Text());
  uri_.erase(uri_.find_last_not_of('/') + 1);
}

std::string Config::host() const { return uri_.substr(0, uri_.find('/')); }

std::string Config::path() const {
  const size_t slash = uri_.find('/');
  return slash == uri_.npos ? std::string() : uri_.substr(slash + 1);
}

std::string Config::connector_registry() const {
  return RegistryHostOf(root_["connector"]["registry"].Text());
}

std::string RegistryHostOf(std::string_view text) {
  text = WithoutScheme(text);
  std::string host(text.substr(0, text.find('/')));
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (host.size() > 4 && host.ends_with(":443")) host.resize(host.size() - 4);
  if (host == "index.docker.io" || host == "registry-1.docker.io" ||
      host == "registry.hub.docker.com") {
    return "docker.io";
  }
  return host;
}

std::string ForeignHostRemedy(std::string_view use, std::string_view host) {
  const std::string name(host);
  const bool has_port = host.substr(host.rfind(']') + 1).find(':') != host.npos;
  return std::string(use) + " If " + name +
         " is your own name for one, give the registry's host, and gantryd --connect-to "
         "<its host>:443:" +
         name + (has_port ? "" : ":443") +
         " where only that name leads there. A registry or proxy with logins of its own takes "
         "flavor default with a docker connector.";
}

}  // namespace gantry::sdk

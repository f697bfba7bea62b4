#include "plugins/github/site.h"

#include <algorithm>
#include <string_view>

namespace gantry::github {
namespace {

constexpr std::string_view kGhcr = "ghcr.io";
constexpr std::string_view kContainers = "containers.";
constexpr std::string_view kTenants = ".ghe.com";
constexpr size_t kMaxOwner = 39;

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// Letters, digits and hyphens, and the underscore of enterprise-managed users.
bool IsOwner(std::string_view name) {
  return !name.empty() && name.size() <= kMaxOwner && IsLetterOrDigit(name.front()) &&
         IsLetterOrDigit(name.back()) && std::all_of(name.begin(), name.end(), [](char c) {
           return IsLetterOrDigit(c) || c == '-' || c == '_';
         });
}

// "github.com" itself, or a name below it; so for the others.
bool IsWithin(std::string_view host, std::string_view domain) {
  return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

bool IsServer(std::string_view host) {
  return !host.empty() && IsLetterOrDigit(host.front()) && IsLetterOrDigit(host.back()) &&
         !IsWithin(host, "github.com") && !IsWithin(host, kGhcr) &&
         std::all_of(host.begin(), host.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '.'; });
}

void CheckOwner(const sdk::Config& config, sdk::Findings& findings) {
  const std::string path = config.path();
  const std::string owner = path.substr(0, path.find('/'));
  if (path.empty()) {
    findings.push_back({GANTRY_ERROR, "uri", "uri",
                        "the owner is missing: images live in " + config.host() + "/<owner>",
                        "Put your GitHub user or organisation behind " + config.host() + "/."});
  } else if (!IsOwner(owner)) {
    findings.push_back({GANTRY_ERROR, "uri", "uri", "GitHub has no owner called " + owner,
                        "Use the name of a user or organisation, in lower case: letters, digits "
                        "and hyphens."});
  }
}

}  // namespace

std::optional<Site> SiteOf(const std::string& host) {
  if (host == kGhcr) return Site{"https://api.github.com"};
  if (!host.starts_with(kContainers)) return std::nullopt;
  const std::string server = host.substr(kContainers.size());
  if (!IsServer(server)) return std::nullopt;
  if (server.ends_with(kTenants)) return Site{"https://api." + server};
  return Site{"https://" + server + "/api/v3"};
}

void CheckUri(const sdk::Config& config, sdk::Findings& findings) {
  const std::string host = config.host();
  if (SiteOf(host)) return CheckOwner(config, findings);
  if (host == "docker.pkg.github.com") {
    findings.push_back({GANTRY_ERROR, "uri", "uri", "GitHub has switched docker.pkg.github.com off",
                        "Use ghcr.io/<owner>: what was there has moved."});
    return;
  }
  findings.push_back(
      {GANTRY_ERROR, "uri", "uri", "GitHub's container registry is ghcr.io, not " + host,
       sdk::ForeignHostRemedy("Use ghcr.io/<owner>, or containers.<host>/<owner> for "
                              "a GitHub Enterprise Server.",
                              host)});
}

}  // namespace gantry::github

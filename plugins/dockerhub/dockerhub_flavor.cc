// Docker Hub: names of exactly two parts, and a limit on pulls that is worth a look.
#include <algorithm>
#include <string>

#include "flavor_data.h"
#include "plugins/sdk/pull_check.h"
#include "plugins/sdk/table.h"

namespace gantry::dockerhub {
namespace {

using sdk::Call;
using sdk::Config;
using sdk::Findings;
using sdk::ForeignHostRemedy;
using sdk::HttpRequest;
using sdk::HttpResponse;
using sdk::MakeError;
using sdk::Ok;
using sdk::Plan;
using sdk::Status;
using sdk::Target;

constexpr char kHost[] = "docker.io";

// "100;w=21600" begins with the number of pulls; -1 when there is no such header.
int PullsIn(const HttpResponse& response, const char* header) {
  const std::string value = response.Header(header).value_or("");
  const std::string digits = value.substr(0, value.find(';'));
  if (digits.empty() || digits.size() > 8) return -1;
  if (digits.find_first_not_of("0123456789") != digits.npos) return -1;
  return std::stoi(digits);
}

class DockerHubFlavor final : public sdk::Flavor {
 public:
  using Flavor::Flavor;
  static constexpr uint32_t kCapabilities = Flavor::kCapabilities | GANTRY_CAN_DIAGNOSE;

  static Status ValidateConfig(Call& call, const Config& config, Findings& findings) {
    if (config.uri().empty()) return Ok();  // a docker connector alone
    const std::string path = config.path();
    if (config.host() != kHost) {
      findings.push_back({GANTRY_ERROR, "uri", "uri",
                          "Docker Hub is docker.io, not " + config.host(),
                          ForeignHostRemedy("Use docker.io/<namespace>.", config.host())});
    } else if (path.empty()) {
      findings.push_back({GANTRY_ERROR, "uri", "uri",
                          "the namespace is missing: images live in docker.io/<namespace>",
                          "Put your Docker Hub user or organisation behind docker.io/."});
    } else if (path.find('/') != path.npos) {
      findings.push_back({GANTRY_ERROR, "uri", "uri",
                          "Docker Hub has one level of namespaces, but " + path + " has more",
                          "Use docker.io/" + path.substr(0, path.find('/')) +
                              "; the rest belongs into the image's name, joined with a dash."});
    }
    return Flavor::ValidateConfig(call, config, findings);
  }

  Status PreparePush(Call&, Plan& plan) override {
    const std::string& repository = plan.target.repository;
    if (std::count(repository.begin(), repository.end(), '/') == 1) return Ok();
    std::string joined = repository;
    const size_t slash = std::min(joined.find('/'), joined.size());
    std::replace(joined.begin() + static_cast<std::ptrdiff_t>(std::min(slash + 1, joined.size())),
                 joined.end(), '/', '-');
    const bool one = slash == repository.size();
    return MakeError(GANTRY_INVALID_ARGUMENT, "INVALID_REFERENCE",
                     "Docker Hub's names have two parts, <namespace>/<name>, but \"" + repository +
                         "\" has " + (one ? "one" : "more"),
                     one ? "Put the namespace in front: <namespace>/" + repository + "."
                         : "Name it " + joined + ".");
  }

  Status Diagnose(Call& call, const Target& target, Findings& findings) override {
    GANTRY_FLAVOR_TRY(CheckPullLimit(call, findings));
    return CheckPull(call, target, findings);
  }

 private:
  // https://docs.docker.com/docker-hub/usage/pulls/: a HEAD of this image tells the limit and does
  // not count against it.
  static Status CheckPullLimit(Call& call, Findings& findings) {
    HttpRequest request;
    request.method = "HEAD";
    request.url = "/v2/ratelimitpreview/test/manifests/latest";
    request.flags = GANTRY_HTTP_IDEMPOTENT;
    HttpResponse response;
    const Target target{kHost, "ratelimitpreview/test", "latest", ""};
    GANTRY_FLAVOR_TRY(call.Registry(target, GANTRY_PULL, request, response));
    const int limit = PullsIn(response, "ratelimit-limit");
    const int left = PullsIn(response, "ratelimit-remaining");
    if (response.status == 429 || (limit > 0 && left >= 0 && left <= limit / 10)) {
      findings.push_back(
          {GANTRY_WARN, "pull-rate-limit", "",
           "the pull rate limit is all but used up: " + std::to_string(std::max(left, 0)) +
               " pulls left",
           "Wait for up to six hours, log in, or use an account with a higher limit."});
    } else if (limit > 0 && left >= 0) {
      findings.push_back(
          {GANTRY_INFO, "pull-rate-limit", "",
           std::to_string(left) + " of " + std::to_string(limit) + " pulls are left in this window",
           ""});
    } else if (response.status == 200) {
      findings.push_back({GANTRY_INFO, "pull-rate-limit", "", "pulls are not limited", ""});
    }
    return Ok();
  }
};

}  // namespace
}  // namespace gantry::dockerhub

GANTRY_FLAVOR(gantry::dockerhub::DockerHubFlavor)

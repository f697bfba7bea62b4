// Harbor: images live in projects, which must be there before the first push and can be made by it.
#include <string>

#include "flavor_data.h"
#include "plugins/sdk/encoding.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/table.h"
#include "plugins/sdk/upstream_error.h"

namespace {

using gantry::sdk::Base64;
using gantry::sdk::Call;
using gantry::sdk::Config;
using gantry::sdk::ConnectorUnusable;
using gantry::sdk::Credential;
using gantry::sdk::Findings;
using gantry::sdk::HttpRequest;
using gantry::sdk::HttpResponse;
using gantry::sdk::Json;
using gantry::sdk::JsonQuote;
using gantry::sdk::Ok;
using gantry::sdk::Plan;
using gantry::sdk::Status;
using gantry::sdk::Target;
using gantry::sdk::UpstreamError;

class HarborFlavor final : public gantry::sdk::Flavor {
 public:
  using Flavor::Flavor;
  static constexpr uint32_t kCapabilities = Flavor::kCapabilities | GANTRY_CAN_DIAGNOSE;

  static Status ValidateConfig(Call& call, const Config& config, Findings& findings) {
    if (!config.uri().empty() && config.path().empty()) {
      findings.push_back({GANTRY_ERROR, "uri", "uri", "the project is missing",
                          "Put the project behind the host: " + config.host() + "/<project>."});
    }
    return Flavor::ValidateConfig(call, config, findings);
  }

  Status PreparePush(Call& call, Plan& plan) override {
    return config().fields()["create_project"].Boolean() ? CreateProject(call, plan) : Ok();
  }

  Status Diagnose(Call& call, const Target&, Findings& findings) override {
    HttpRequest request;
    request.url = Api("/version");
    HttpResponse response;
    GANTRY_FLAVOR_TRY(call.Http(request, response));
    const std::string version = Json::Parse(response.body)["version"].Text();
    if (response.status == 200 && !version.empty()) {
      findings.push_back({GANTRY_INFO, "harbor", "", "Harbor with API " + version, ""});
    } else {
      findings.push_back({GANTRY_WARN, "harbor", "", config().host() + " is no Harbor",
                          "Use flavor default for another registry."});
    }
    return Ok();
  }

 private:
  std::string Api(const char* path) const { return "https://" + config().host() + "/api" + path; }

  // 409 says that it is there already, so to ask at every push does no harm; what was made may have
  // been deleted since.
  Status CreateProject(Call& call, Plan& plan) {
    Credential login;
    GANTRY_FLAVOR_TRY(Authenticate(call, plan.target, GANTRY_PUSH, login));
    if (login.scheme != GANTRY_AUTH_BASIC) {
      return ConnectorUnusable("creating a project takes a login of this registry's own",
                               "Link a connector to the registry, or clear create_project.");
    }
    const std::string path = config().path();
    const std::string project = path.substr(0, path.find('/'));
    HttpRequest request;
    request.method = "POST";
    request.url = Api("/v2.0/projects");
    request.flags = GANTRY_HTTP_IDEMPOTENT;
    request.headers = {{"Content-Type", "application/json"},
                       {"Authorization", "Basic " + Base64(login.username + ":" +
                                                           std::string(login.secret.Reveal()))}};
    request.body =
        "{\"project_name\": " + JsonQuote(project) + ", \"metadata\": {\"public\": \"false\"}}";
    HttpResponse response;
    GANTRY_FLAVOR_TRY(call.Http(request, response));
    plan.new_repository = response.status == 201;
    if (response.status == 201 || response.status == 409) return Ok();
    const Json error = Json::Parse(response.body)["errors"][0];
    return UpstreamError(config().host(), "creating the project " + project, response,
                         error["code"].Text(), error["message"].Text());
  }
};

}  // namespace

GANTRY_FLAVOR(HarborFlavor)

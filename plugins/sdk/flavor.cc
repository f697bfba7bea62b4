#include "plugins/sdk/flavor.h"

namespace gantry::sdk {

Status Flavor::ValidateConfig(Call&, const Config& config, Findings& findings) {
  CheckPasswordConnector(config, findings);
  return Ok();
}

Status Flavor::Open(Call&) { return Ok(); }

Status Flavor::Authenticate(Call& call, const Target& target, uint32_t actions,
                            Credential& credential) {
  return PasswordLogin(call, config_, target, actions, credential);
}

Status Flavor::PreparePush(Call&, Plan&) { return Ok(); }

Status Flavor::Push(Call& call, const Plan& plan, Image& image) { return call.Push(plan, image); }

Status Flavor::List(Call& call, const Target& target, const std::string& page_token,
                    uint32_t page_size, Page& page) {
  return ListTags(call, target, page_token, page_size, page);
}

Status Flavor::Remove(Call& call, const Target& target) { return RemoveManifest(call, target); }

Status Flavor::Diagnose(Call&, const Target&, Findings&) { return Ok(); }

Status Flavor::Verify(Call&, Findings&) { return MakeError(GANTRY_UNIMPLEMENTED, "", ""); }

Status Flavor::ListResources(Call&, const std::string&, ResourcePage&) {
  return MakeError(GANTRY_UNIMPLEMENTED, "FLAVOR_UNSUPPORTED",
                   "this kind of connector cannot list what it reaches");
}

}  // namespace gantry::sdk

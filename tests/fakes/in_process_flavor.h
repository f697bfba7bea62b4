// A flavor and a catalog in the test's own process, whose every answer a test may change.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "gantryd/flavors/flavor.h"
#include "oci/json.h"

namespace gantry {

// What a test changes of a flavor; what is not set is done the plain way.
struct FlavorBehaviour {
  std::function<std::vector<Finding>(const std::string& config_json)> validate;
  std::function<absl::StatusOr<Credential>(const CallContext&, InstanceHost&, const Target&, Actions)>
      authenticate;
  std::function<absl::StatusOr<FlavorPlan>(const Target&)> prepare;
  std::function<absl::StatusOr<FlavorImage>(const CallContext&, const FlavorPlan&, PushJob&)> push;
  std::function<absl::StatusOr<FlavorInstance::Page>(const Target&, const std::string&, int)> list;
  std::function<absl::StatusOr<std::vector<Finding>>(const CallContext&, InstanceHost&,
                                                     const Target&)>
      diagnose;
  std::function<absl::StatusOr<std::vector<Finding>>(const CallContext&, InstanceHost&)> verify;
  std::function<absl::StatusOr<FlavorInstance::ResourcePage>(const std::string&)> list_resources;
  int opened = 0;
};

class InProcessInstance final : public FlavorInstance {
 public:
  InProcessInstance(FlavorBehaviour& behaviour, std::string config, InstanceHost& host)
      : behaviour_(behaviour), config_(std::move(config)), host_(host) {}

  absl::StatusOr<Credential> Authenticate(const CallContext& call, const Target& target,
                                          Actions actions) override {
    if (behaviour_.authenticate) return behaviour_.authenticate(call, host_, target, actions);
    Credential credential;
    auto password = host_.GetSecret("password");
    if (!password.ok()) return credential;
    const Json config = *ParseJson(config_);
    credential.scheme = Credential::Scheme::kBasic;
    credential.username = config["connector"]["config"].value("username", "");
    credential.secret = *std::move(password);
    return credential;
  }
  absl::StatusOr<FlavorPlan> PreparePush(const CallContext&, const Target& target) override {
    if (behaviour_.prepare) return behaviour_.prepare(target);
    FlavorPlan plan;
    plan.target = target;
    return plan;
  }
  absl::StatusOr<FlavorImage> Push(const CallContext& call, const FlavorPlan& plan,
                                   PushJob& job) override {
    if (behaviour_.push) return behaviour_.push(call, plan, job);
    GANTRY_ASSIGN_OR_RETURN(const PushedImage pushed, job.Run(call, plan));
    return FlavorImage{job.Uri(plan), pushed.digest.text(), pushed.media_type,
                       pushed.tags,   pushed.size_bytes,    std::nullopt};
  }
  absl::StatusOr<Page> List(const CallContext&, const Target& target, const std::string& page_token,
                            int page_size) override {
    if (behaviour_.list) return behaviour_.list(target, page_token, page_size);
    return Page{};
  }
  absl::Status Remove(const CallContext&, const Target&) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<Finding>> Diagnose(const CallContext& call,
                                                const Target& target) override {
    if (behaviour_.diagnose) return behaviour_.diagnose(call, host_, target);
    return std::vector<Finding>{};
  }
  absl::StatusOr<std::vector<Finding>> Verify(const CallContext& call) override {
    if (behaviour_.verify) return behaviour_.verify(call, host_);
    return Unimplemented(reason::kFlavorUnsupported, "this flavor cannot verify");
  }
  absl::StatusOr<ResourcePage> ListResources(const CallContext&,
                                             const std::string& page_token) override {
    if (behaviour_.list_resources) return behaviour_.list_resources(page_token);
    return Unimplemented(reason::kFlavorUnsupported, "this flavor cannot list resources");
  }

 private:
  FlavorBehaviour& behaviour_;
  const std::string config_;
  InstanceHost& host_;
};

class InProcessFlavor final : public Flavor {
 public:
  explicit InProcessFlavor(FlavorInfo info) : info_(std::move(info)) {}
  const FlavorInfo& info() const override { return info_; }
  absl::StatusOr<std::vector<Finding>> ValidateConfig(const CallContext&,
                                                      const std::string& config_json) override {
    if (behaviour.validate) return behaviour.validate(config_json);
    return std::vector<Finding>{};
  }
  absl::StatusOr<std::unique_ptr<FlavorInstance>> Open(const CallContext&,
                                                       const std::string& config_json,
                                                       InstanceHost& host) override {
    ++behaviour.opened;
    last_config = config_json;
    return std::make_unique<InProcessInstance>(behaviour, config_json, host);
  }

  FlavorBehaviour behaviour;
  std::string last_config;

 private:
  const FlavorInfo info_;
};

// "default" and "cloud" are loaded, "broken" is not.
class InProcessCatalog final : public FlavorCatalog {
 public:
  InProcessCatalog() {
    FlavorInfo plain;
    plain.name = "default";
    plain.uri_example = "docker.io/myusername";
    plain.config_schema_json = R"({"type":"object","properties":{"mirror":{"type":"string"},
        "retries":{"type":"integer","minimum":0}},"additionalProperties":false})";
    plain.connector_types = {{"docker",
                              "Docker",
                              "User and password",
                              {{"password", "Password", R"({"type":"object","properties":{
             "username":{"type":"string","minLength":1,"description":"The account's name"},
             "password":{"type":"string","minLength":1,"writeOnly":true},
             "registry":{"type":"string","x-destination":true}},
             "required":["username","password"],"additionalProperties":false})"}}}};
    flavors_.emplace("default", InProcessFlavor(plain));
    FlavorInfo cloud;
    cloud.name = "cloud";
    cloud.connector_types = {
        {"cloud", "Cloud", "A cloud's own login", {{"key", "Key", R"({"type":"object","properties":{
             "key_file":{"type":"object","writeOnly":true}},"required":["key_file"]})"},
                                                     {"implicit", "This machine's own",
                                                      R"({"type":"object"})", true}}}};
    cloud.hosts = {R"([a-z]+\.cloud\.example)"};
    cloud.capabilities = {"verify", "list-resources"};
    cloud.error_hints = {{403, "", "role", "the role is missing", "Grant it."}};
    flavors_.emplace("cloud", InProcessFlavor(cloud));
    broken_.name = "broken";
    broken_.load_error = "its file is not what the manifest says";
  }
  std::vector<FlavorInfo> List() const override {
    std::vector<FlavorInfo> list{broken_};
    for (const auto& [name, flavor] : flavors_) list.push_back(flavor.info());
    return list;
  }
  absl::StatusOr<Flavor*> Find(const std::string& name) const override {
    if (name == broken_.name) {
      return FailedPrecondition(reason::kFlavorNotLoaded, "flavor broken: {}", broken_.load_error);
    }
    const auto it = flavors_.find(name);
    if (it != flavors_.end()) return &it->second;
    return NotFound(reason::kFlavorNotFound, "there is no flavor {}", name);
  }
  InProcessFlavor& flavor(const std::string& name) { return flavors_.at(name); }

 private:
  mutable std::map<std::string, InProcessFlavor> flavors_;
  FlavorInfo broken_;
};

}  // namespace gantry

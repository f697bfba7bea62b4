// For the tests of this folder: an instance's host, a push job, a directory of flavors to spoil.
#pragma once

#include <stdlib.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "gantryd/flavors/flavor.h"
#include "oci/digest.h"

namespace gantry {

// Answers from a script and keeps what it was asked.  Confined to one thread.
class ScriptedHttp final : public HttpClient {
 public:
  absl::StatusOr<HttpResponse> Do(const CallContext&, const HttpRequest& request) override {
    requests.push_back(request);
    if (answers.empty()) {
      return Unavailable(reason::kUpstreamUnavailable, "nobody answers").With("stage", "tcp");
    }
    HttpResponse answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  void Answer(int status, HttpHeaders headers = {}, std::string body = "") {
    HttpResponse& answer = answers.emplace_back();
    answer.status = status;
    answer.headers = std::move(headers);
    answer.body = std::move(body);
  }
  std::deque<HttpResponse> answers;  // the last one stays
  std::vector<HttpRequest> requests;
};

class ScriptedInstanceHost final : public InstanceHost {
 public:
  HttpClient& http() override { return http_client; }
  Transport TransportTo(const Url& url) override {
    Transport transport;
    if (url.text().starts_with("https://registry.example/"))
      transport.ca_certificate = "the registry's";
    return transport;
  }
  absl::StatusOr<Secret> GetSecret(const std::string& name) override {
    const auto it = secrets.find(name);
    if (it == secrets.end()) return NotFound(reason::kInvalidConfig, "no secret {}", name);
    return Secret(it->second);
  }
  absl::StatusOr<HttpResponse> Registry(const CallContext&, const Target& target, Actions actions,
                                        const RegistryRequest& request) override {
    asked.push_back(request.method + " " + target.registry_host + request.path);
    last_actions = actions;
    return on_registry ? on_registry(request)
                       : HttpResponse{.status = 404, .headers = {}, .body = ""};
  }
  LocalIdentity* local_identity() override { return local; }
  LocalIdentity* local = nullptr;
  ScriptedHttp http_client;
  std::map<std::string, std::string> secrets;
  std::function<HttpResponse(const RegistryRequest&)> on_registry;
  std::vector<std::string> asked;
  Actions last_actions;
};

// "Moves" an image by answering with one.
class ScriptedPush final : public PushJob {
 public:
  absl::StatusOr<PushedImage> Run(const CallContext&, const FlavorPlan& plan) override {
    ++runs;
    if (before_run) before_run();
    last_plan = plan;
    if (!error.ok()) return error;
    return PushedImage{.digest = Digest::Of("image"),
                       .media_type = "application/vnd.oci.image.manifest.v1+json",
                       .size_bytes = 5,
                       .platforms = {},
                       .tags = {plan.target.tag}};
  }
  std::string Uri(const FlavorPlan& plan) const override {
    return plan.target.registry_host + "/" + plan.target.repository + ":" + plan.target.tag;
  }
  int runs = 0;
  FlavorPlan last_plan;
  absl::Status error;
  std::function<void()> before_run;
};

// A temporary directory with copies of fake flavors and a manifest of them.
class FlavorDir {
 public:
  FlavorDir() {
    std::string pattern = std::filesystem::temp_directory_path() / "flavors.XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  FlavorDir(const FlavorDir&) = delete;
  FlavorDir& operator=(const FlavorDir&) = delete;
  ~FlavorDir() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const {
    return path_ + "/gantry_flavor_" + name + ".so";
  }

  void Copy(const std::string& name) {
    std::filesystem::copy_file(
        std::string(GANTRY_FAKE_FLAVORS_DIR) + "/gantry_flavor_" + name + ".so", File(name));
    names_.push_back(name);
  }
  // Of the files as they are now.
  void WriteManifest(int abi = 1) {
    std::string entries;
    for (const std::string& name : names_) {
      entries += fmt::format(
          R"({}{{"name": "{}", "file": "gantry_flavor_{}.so", "sha256": "{}", "abi": {}}})",
          entries.empty() ? "" : ", ", name, name, Digest::Of(ReadAllOf(File(name))).hex(), abi);
    }
    Write("flavors.manifest.json", "{\"flavors\": [" + entries + "]}");
  }
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(path_ + "/" + file) << text;
  }

 private:
  static std::string ReadAllOf(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string path_;
  std::vector<std::string> names_;
};

}  // namespace gantry

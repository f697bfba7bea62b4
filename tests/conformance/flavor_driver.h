// Calls a flavor's table as the daemon does, and spoils every argument when the call is over.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/abi/flavor_abi.h"
#include "plugins/sdk/types.h"
#include "tests/conformance/fake_host.h"

namespace gantry::testing {

// How one operation ended.
struct Outcome {
  gantry_code code = GANTRY_OK;
  std::vector<Failure> failures;
  std::vector<gantry_code> host_failures;

  bool ok() const { return code == GANTRY_OK; }
  std::string reason() const { return failures.empty() ? "" : failures.back().reason; }
  std::string message() const { return failures.empty() ? "" : failures.back().message; }
  std::string remedy() const { return failures.empty() ? "" : failures.back().remedy; }
};

// One instance of a flavor.  Operations may run concurrently; Open and Close may not.
class FlavorDriver {
 public:
  FlavorDriver(const gantry_flavor_table& table, FakeHost& host) : table_(table), host_(host) {}
  ~FlavorDriver() { Close(); }
  FlavorDriver(const FlavorDriver&) = delete;
  FlavorDriver& operator=(const FlavorDriver&) = delete;

  // Of all calls that follow.
  std::chrono::milliseconds timeout{30'000};

  Outcome ValidateConfig(std::string_view config, std::vector<sdk::Finding>* findings);
  Outcome Open(std::string_view config);
  void Close();
  Outcome Authenticate(const sdk::Target& target, uint32_t actions,
                       std::optional<sdk::Credential>* credential);
  Outcome PreparePush(const sdk::Target& target, std::optional<sdk::Plan>* plan);
  Outcome Push(const sdk::Plan& plan, std::optional<sdk::Image>* image);
  Outcome List(const sdk::Target& target, std::string_view page_token, uint32_t page_size,
               sdk::Page* page);
  Outcome Remove(const sdk::Target& target);
  Outcome Diagnose(const sdk::Target& target, std::vector<sdk::Finding>* findings);
  Outcome Verify(std::vector<sdk::Finding>* findings);
  Outcome ListResources(std::string_view page_token, sdk::ResourcePage* page);

 private:
  const gantry_flavor_table& table_;
  FakeHost& host_;
  gantry_flavor* flavor_ = nullptr;
};

// {"uri", …, "connector": null}, or with a docker connector of user "gordon".
std::string ConfigJson(std::string_view uri, bool with_connector,
                       std::string_view connector_registry = "");

}  // namespace gantry::testing

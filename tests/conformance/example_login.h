// A connector for each way to log in that a flavor declares, and a cloud and a machine that grant
// it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "plugins/abi/flavor_abi.h"
#include "plugins/sdk/http.h"
#include "tests/conformance/fake_host.h"

namespace gantry::testing {

// With the fields that the method's schema requires, made up from what it says of them.
struct ExampleLogin {
  nlohmann::json connector;  // as open() has it; null: no connector
  std::map<std::string, std::string> secrets;
};

// "docker", "password".  Without a connector for an empty type.
ExampleLogin MakeExampleLogin(const gantry_flavor_table& table, const std::string& type,
                              const std::string& method);

// Puts what the clouds leave on their machines into the host's environment and files.
void FurnishMachine(FakeHost& host);

// Every cloud at once: whatever is asked for is granted for an hour.
sdk::HttpResponse Grant(const sdk::HttpRequest& request, int64_t now_unix_ms);

// Parts of the secrets above, each long enough to be nothing else.
std::vector<std::string> TracesOf(const ExampleLogin& login, const FakeHost& host);

}  // namespace gantry::testing

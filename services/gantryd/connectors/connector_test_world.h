// What the tests of this folder share: connectors as callers give them, over the managers' world.
#pragma once

#include <string>
#include <vector>

#include "gantryd/connectors/connector_manager.h"
#include "gantryd/registries/manager_test_world.h"

namespace gantry {

struct ConnectorTest : ::testing::Test {
  static ConnectorInput Input(const std::string& config, const std::string& name = "c") {
    ConnectorInput input;
    input.name = name;
    input.type = "docker";
    input.auth_method = "password";
    input.config_json = Secret(config);
    return input;
  }
  static std::string Config(const std::string& password, const std::string& registry = "") {
    Json config = {{"username", "me"}, {"password", password}};
    if (!registry.empty()) config["registry"] = registry;
    return config.dump();
  }
  ConnectorRecord Create(const ConnectorInput& input, bool skip = false) {
    const auto made = connectors.Create(w.call, input, skip);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(ConnectorRecord());
  }
  void Link(const std::string& registry, const std::string& uri) {
    RegistryRecord record = w.Record(registry, uri);
    record.connector = "c";
    w.Register(record);
  }
  std::vector<std::string> Fields(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const FieldViolation& v : FieldViolationsOf(status)) fields.push_back(v.field);
    return fields;
  }

  TestWorld w;
  ConnectorManager connectors{w.store, w.catalog, w.pool, w.clock};
};

}  // namespace gantry

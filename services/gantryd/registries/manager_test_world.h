// What the tests of the managers share: one registry host, a store, two flavors, no sockets.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gantryd/registries/registry_manager.h"
#include "net/host_gate.h"
#include "oci/fake_http.h"
#include "tests/fakes/in_process_flavor.h"
#include "tests/fakes/in_process_registry.h"
#include "tests/fakes/memory_store.h"
#include "tests/fakes/status_matchers.h"

namespace gantry {

// Confined to the test's thread.
struct TestWorld {
  explicit TestWorld(const std::string& at = "localhost:5000")
      : host(at),
        server(at),
        http([this](const SeenRequest& r) { return server.Serve(r); }),
        store(clock),
        pool(store, catalog, http, gates, docker_login),
        registries(store, catalog, pool) {}

  RegistryRecord Record(const std::string& name, const std::string& uri) const {
    RegistryRecord record;
    record.name = name;
    record.flavor = "default";
    record.uri = uri;
    return record;
  }
  RegistryRecord Register(RegistryRecord record) {
    const auto made = registries.Create(call, std::move(record));
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(RegistryRecord());
  }
  RegistryRecord Register(const std::string& name, const std::string& uri) {
    return Register(Record(name, uri));
  }
  // A stored connector of the docker type.
  ConnectorRecord Connect(const std::string& name, const std::string& password,
                          const std::string& registry = "") {
    ConnectorRecord record;
    record.name = name;
    record.type = "docker";
    record.auth_method = "password";
    Json config = {{"username", "me"}};
    if (!registry.empty()) config["registry"] = registry;
    record.config_json = config.dump();
    record.secrets.emplace("password", Secret(password));
    return *store.CreateConnector(std::move(record));
  }

  const std::string host;
  ManualClock clock;
  CallContext call{clock, std::chrono::minutes(10), "test"};
  InProcessRegistry server;
  FakeHttp http;
  InProcessCatalog catalog;
  MemoryStore store;
  HostGates gates;
  std::shared_ptr<FakeCredentials> docker_login = std::make_shared<FakeCredentials>();
  RegistryPool pool;
  RegistryManager registries;
};

}  // namespace gantry

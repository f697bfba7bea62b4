// Every flavor of the build's manifest, as a parameter of tests.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "plugins/abi/flavor_abi.h"
#include "plugins/sdk/types.h"

namespace gantry::testing {

struct FlavorFile {
  std::string name, path;
};

inline void PrintTo(const FlavorFile& flavor, std::ostream* out) { *out << flavor.name; }

inline std::vector<FlavorFile> AllFlavors() {
  const std::string directory = GANTRY_FLAVORS_DIR;
  std::ifstream in(directory + "/flavors.manifest.json");
  std::vector<FlavorFile> flavors;
  const nlohmann::json manifest = nlohmann::json::parse(in);
  for (const auto& entry : manifest["flavors"]) {
    flavors.push_back({entry["name"], directory + "/" + entry["file"].get<std::string>()});
  }
  return flavors;
}

// Loads the flavor of the parameter; an example of what it serves is in its description.
class FlavorTest : public ::testing::TestWithParam<FlavorFile> {
 protected:
  void SetUp() override {
    void* handle = dlopen(GetParam().path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    ASSERT_NE(handle, nullptr) << dlerror();
    const auto entry =
        reinterpret_cast<decltype(&gantry_flavor_v1)>(dlsym(handle, "gantry_flavor_v1"));
    ASSERT_NE(entry, nullptr);
    table_ = entry();
    ASSERT_NE(table_, nullptr);
    description_ = nlohmann::json::parse(sdk::View(table_->description_json));
    uri_ = description_["uri"]["example"];
    const size_t slash = std::min(uri_.find('/'), uri_.size());
    target_.registry_host = uri_.substr(0, slash);
    const std::string prefix = slash < uri_.size() ? uri_.substr(slash + 1) + "/" : "";
    target_.repository = prefix + "training";
    target_.tag = "v1";
  }

  bool TakesDockerConnector() const {
    for (size_t i = 0; i < table_->connector_type_count; ++i) {
      const auto type = nlohmann::json::parse(sdk::View(table_->connector_types[i]));
      if (type["type"] == "docker") return true;
    }
    return false;
  }

  const gantry_flavor_table* table_ = nullptr;
  nlohmann::json description_;
  std::string uri_;
  sdk::Target target_;
};

inline std::string NameOf(const ::testing::TestParamInfo<FlavorFile>& info) {
  return info.param.name;
}

}  // namespace gantry::testing

// Every flavor of a manifest, as a parameter of tests: the build's, or that of $GANTRY_FLAVORS_DIR.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
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
  const char* const other = std::getenv("GANTRY_FLAVORS_DIR");
  const std::string directory = other != nullptr ? other : GANTRY_BUILT_FLAVORS_DIR;
  std::ifstream in(directory + "/flavors.manifest.json");
  std::vector<FlavorFile> flavors;
  const nlohmann::json manifest = nlohmann::json::parse(in);
  for (const auto& entry : manifest["flavors"]) {
    flavors.push_back({entry["name"], directory + "/" + entry["file"].get<std::string>()});
  }
  return flavors;
}

inline const gantry_flavor_table* LoadTable(const FlavorFile& flavor) {
  void* handle = dlopen(flavor.path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  EXPECT_NE(handle, nullptr) << dlerror();
  if (handle == nullptr) return nullptr;
  const auto entry =
      reinterpret_cast<decltype(&gantry_flavor_v1)>(dlsym(handle, "gantry_flavor_v1"));
  EXPECT_NE(entry, nullptr);
  return entry == nullptr ? nullptr : entry();
}

// A flavor and one of the ways to log in that it declares; without a connector for an empty type.
struct FlavorLogin {
  FlavorFile flavor;
  std::string type, method;
};

inline std::string NameOf(const FlavorFile& flavor) { return flavor.name; }
inline std::string NameOf(const FlavorLogin& login) {
  std::string name = login.flavor.name + "_" +
                     (login.type.empty() ? "anonymous" : login.type + "_" + login.method);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
inline void PrintTo(const FlavorLogin& login, std::ostream* out) { *out << NameOf(login); }

// Every way to log in of every flavor.
inline std::vector<FlavorLogin> AllLogins() {
  std::vector<FlavorLogin> logins;
  for (const FlavorFile& flavor : AllFlavors()) {
    logins.push_back({flavor, "", ""});
    const gantry_flavor_table* table = LoadTable(flavor);
    for (size_t i = 0; table != nullptr && i < table->connector_type_count; ++i) {
      const auto type = nlohmann::json::parse(sdk::View(table->connector_types[i]));
      for (const auto& method : type["auth_methods"]) {
        logins.push_back({flavor, type["type"], method["name"]});
      }
    }
  }
  return logins;
}

// Loads the flavor of the parameter; an example of what it serves is in its description.
template <class Param>
class FlavorTestOf : public ::testing::TestWithParam<Param> {
 protected:
  void SetUp() override {
    table_ = LoadTable(FileOf(this->GetParam()));
    ASSERT_NE(table_, nullptr);
    description_ = nlohmann::json::parse(sdk::View(table_->description_json));
    uri_ = description_["uri"]["example"];
    const size_t slash = std::min(uri_.find('/'), uri_.size());
    target_.registry_host = uri_.substr(0, slash);
    const std::string prefix = slash < uri_.size() ? uri_.substr(slash + 1) + "/" : "";
    target_.repository = prefix + "training";
    target_.tag = "v1";
  }

  const gantry_flavor_table* table_ = nullptr;
  nlohmann::json description_;
  std::string uri_;
  sdk::Target target_;

 private:
  static const FlavorFile& FileOf(const FlavorFile& flavor) { return flavor; }
  static const FlavorFile& FileOf(const FlavorLogin& login) { return login.flavor; }
};

using FlavorTest = FlavorTestOf<FlavorFile>;
using LoginTest = FlavorTestOf<FlavorLogin>;

template <class Param>
std::string NameOfParam(const ::testing::TestParamInfo<Param>& info) {
  return NameOf(info.param);
}

}  // namespace gantry::testing

// What a flavor takes for a registry's URI, and how it refuses the rest: for the tests of flavors.
#pragma once

#include <gmock/gmock.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/flavor_driver.h"

namespace gantry::testing {

// The remarks on a configuration; ValidateConfig itself has to succeed.
inline std::vector<sdk::Finding> Validate(FlavorDriver& flavor, std::string_view config) {
  std::vector<sdk::Finding> findings;
  EXPECT_TRUE(flavor.ValidateConfig(config, &findings).ok());
  return findings;
}

// Each is taken without a remark, "" as a connector alone.
inline void ExpectTaken(FlavorDriver& flavor, std::initializer_list<const char*> uris) {
  for (const char* uri : uris) {
    EXPECT_THAT(Validate(flavor, ConfigJson(uri, false)), ::testing::IsEmpty()) << uri;
  }
}

struct RefusedUri {
  std::string uri;
  std::string why;          // a part of the sentence
  std::string remedy = {};  // a part of what it says to do; there is always something
};

// Each is refused by one error of the field "uri".
inline void ExpectRefused(FlavorDriver& flavor, const std::vector<RefusedUri>& uris) {
  for (const RefusedUri& refused : uris) {
    SCOPED_TRACE(refused.uri);
    const auto findings = Validate(flavor, ConfigJson(refused.uri, false));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].level, GANTRY_ERROR);
    EXPECT_EQ(findings[0].field, "uri");
    EXPECT_THAT(findings[0].message, ::testing::HasSubstr(refused.why));
    EXPECT_FALSE(findings[0].remedy.empty());
    EXPECT_THAT(findings[0].remedy, ::testing::HasSubstr(refused.remedy));
  }
}

// A name of the user's own for a registry of this cloud: the refusal says both ways out.
inline void ExpectOwnNamesRefused(FlavorDriver& flavor, const std::string& path) {
  const std::string own = "registry.example.com", port = own + ":8443";
  ExpectRefused(flavor, {{own + path, own, ":443:" + own + ":443"},
                         {own + path, own, "flavor default with a docker connector"},
                         {port + path, port, "--connect-to <its host>:443:" + port}});
}

}  // namespace gantry::testing

#include "plugins/azure/uri.h"

#include <gtest/gtest.h>

namespace gantry::azure {
namespace {

TEST(AzureUri, KnowsLoginServersFromEverythingElse) {
  const std::string longest(50, 'a');
  for (const std::string& host : std::vector<std::string>{
           "myregistry.azurecr.io", "myregistry.azurecr.us", "myregistry.azurecr.cn",
           "myregistry.azurecr.de", "myregistry-d8bcgdh7e5hsg3e5.azurecr.io", "12345.azurecr.io",
           longest + ".azurecr.io", "myregistry.westeurope.geo.azurecr.io",
           "myregistry-d8bcgdh7.eastus2.geo.azurecr.us"}) {
    EXPECT_EQ(KindOf(host), HostKind::kLoginServer) << host;
  }
  EXPECT_EQ(KindOf("myregistry.westeurope.data.azurecr.io"), HostKind::kDataEndpoint);
  for (const std::string& host : std::vector<std::string>{
           "", "azurecr.io", ".azurecr.io", "four.azurecr.io", longest + "a.azurecr.io",
           "my_registry.azurecr.io", "my-reg.istry.azurecr.io", "-myregistry.azurecr.io",
           "myregistry-.azurecr.io", "myregistry-a-b.azurecr.io", "MyRegistry.azurecr.io",
           "myregistry.azurecr.io.evil.example", "myregistry.azurecr.com", "myregistryazurecr.io",
           "evil.example/myregistry.azurecr.io", "myregistry.xazurecr.io", "geo.azurecr.io",
           "myregistry.geo.azurecr.io", "myregistry.west.europe.geo.azurecr.io"}) {
    EXPECT_EQ(KindOf(host), HostKind::kForeign) << host;
  }
}

TEST(AzureUri, TellsTheCloud) {
  EXPECT_EQ(CloudOfRegistry("myregistry.azurecr.us").authority, "login.microsoftonline.us");
  EXPECT_EQ(CloudOfRegistry("myregistry.azurecr.cn").resource_manager,
            "management.chinacloudapi.cn");
  EXPECT_EQ(CloudOfRegistry("").authority, "login.microsoftonline.com");
  EXPECT_EQ(CloudOfAuthority("login.microsoftonline.us").registry_suffix, "azurecr.us");
  EXPECT_EQ(CloudOfAuthority("login.chinacloudapi.cn").registry_suffix, "azurecr.cn");
  EXPECT_EQ(CloudOfAuthority("login.example.com").registry_suffix, "azurecr.io");
}

TEST(AzureUri, ReadsAuthorities) {
  EXPECT_EQ(HostOfAuthority("https://login.microsoftonline.us/"), "login.microsoftonline.us");
  EXPECT_EQ(HostOfAuthority("Login.MicrosoftOnline.com"), "login.microsoftonline.com");
  for (const char* text :
       {"", "http://login.microsoftonline.us", "https://a/b", "a:80", "a@b", "a b", "https://"}) {
    EXPECT_EQ(HostOfAuthority(text), "") << text;
  }
}

}  // namespace
}  // namespace gantry::azure

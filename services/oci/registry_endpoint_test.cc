#include "oci/registry_endpoint.h"

#include <gtest/gtest.h>

#include "base/status.h"
#include "oci/fake_http.h"

namespace gantry {
namespace {

std::string Followed(const RegistryEndpoint& registry, std::string_view reference) {
  const auto to = registry.Follow(registry.base(), reference);
  return to.ok() ? to->url.text() : ReasonOf(to.status());
}

TEST(RegistryEndpointTest, DockerHubIsReachedAtItsApiHost) {
  EXPECT_EQ(RegistryEndpoint("docker.io", {}).base().text(), "https://registry-1.docker.io/");
}

TEST(RegistryEndpointTest, OnlyTheOwnOriginIsTheRegistry) {
  const RegistryEndpoint registry("r.example.com:5443", {});
  EXPECT_TRUE(registry.Follow(registry.base(), "/v2/")->is_registry);
  EXPECT_TRUE(registry.Follow(registry.base(), "https://R.example.com:5443/x")->is_registry);
  for (const auto* other : {"https://r.example.com/x", "https://r.example.com.evil.net:5443/x",
                            "https://s3.example.com/x"}) {
    EXPECT_FALSE(registry.Follow(registry.base(), other)->is_registry) << other;
  }
}

TEST(RegistryEndpointTest, HttpOfAProxyThatEndsTlsBecomesHttps) {
  const RegistryEndpoint registry("r.example.com", {});
  EXPECT_EQ(Followed(registry, "http://r.example.com/v2/x?y"), "https://r.example.com/v2/x?y");
  EXPECT_EQ(Followed(registry, "http://other.example.com/x"), "ADDRESS_REFUSED");
}

TEST(RegistryEndpointTest, APublicRegistryMayNotLeadInside) {
  const RegistryEndpoint registry("r.example.com", {});
  for (const auto* inside :
       {"https://127.0.0.1/x", "https://localhost/x", "https://169.254.169.254/latest",
        "https://10.1.2.3/x", "https://192.168.0.1:8443/", "https://172.31.0.1/",
        "https://100.100.100.200/", "https://0.0.0.0/", "https://[::1]/", "https://[fe80::1]/",
        "https://[fd12::1]/", "https://[::ffff:10.0.0.1]/"}) {
    EXPECT_EQ(Followed(registry, inside), "ADDRESS_REFUSED") << inside;
  }
  const auto to = registry.Follow(registry.base(), "https://storage.example.com/x");
  ASSERT_TRUE(to.ok());
  EXPECT_EQ(to->addresses, AddressPolicy::kPublicOnly);
  EXPECT_EQ(registry.Follow(registry.base(), "/x")->addresses, AddressPolicy::kAny);
}

TEST(RegistryEndpointTest, APrivateRegistryMayNameItsNeighbours) {
  Transport own_ca;
  own_ca.ca_certificate = "PEM";
  const RegistryEndpoint registries[] = {
      {"10.0.0.5", {}}, {"localhost:5000", PlainHttp()}, {"r.corp.example", own_ca}};
  for (const RegistryEndpoint& registry : registries) {
    const auto to = registry.Follow(registry.base(), "https://10.0.0.6/token");
    ASSERT_TRUE(to.ok()) << registry.host();
    EXPECT_EQ(to->addresses, AddressPolicy::kAny);
    EXPECT_EQ(Followed(registry, "https://169.254.169.254/"), "ADDRESS_REFUSED");
  }
  const auto token = registries[2].Follow(registries[2].base(), "https://auth.corp.example/t");
  EXPECT_EQ(token->transport.ca_certificate, "PEM");
}

TEST(RegistryEndpointTest, ARegistryAtAPrivateEndpointMayNameOthersThere) {
  RegistryEndpoint registry("acme.azurecr.io", {});
  const auto data = [&] {
    return registry.Follow(registry.base(), "https://acme.westeurope.data.azurecr.io/x");
  };
  registry.Answered(true);
  EXPECT_EQ(data()->addresses, AddressPolicy::kNotLocal);
  for (const auto* inside :
       {"https://10.0.0.6/", "https://127.0.0.1/", "https://169.254.169.254/"}) {
    EXPECT_EQ(Followed(registry, inside), "ADDRESS_REFUSED") << "not by number: " << inside;
  }
  registry.Answered(false);
  EXPECT_EQ(data()->addresses, AddressPolicy::kPublicOnly);

  RegistryEndpoint foreign("r.example.com", {}, AddressPolicy::kPublicOnly);
  foreign.Answered(true);
  EXPECT_EQ(foreign.Follow(foreign.base(), "https://a.example.com/")->addresses,
            AddressPolicy::kPublicOnly);
}

TEST(RegistryEndpointTest, AForeignRegistryStaysPublicWhateverItsTransport) {
  const RegistryEndpoint registry("r.example.com", PlainHttp(), AddressPolicy::kPublicOnly);
  EXPECT_EQ(registry.Follow(registry.base(), "/v2/")->addresses, AddressPolicy::kPublicOnly);
  EXPECT_EQ(Followed(registry, "http://10.0.0.1/"), "ADDRESS_REFUSED");
}

TEST(RegistryEndpointTest, RelaxedTlsIsForTheOwnHostOnly) {
  Transport relaxed;
  relaxed.skip_tls_verify = true;
  relaxed.unix_socket = "/run/r.sock";
  relaxed.identity = std::make_shared<const ClientIdentity>();
  const RegistryEndpoint registry("r.example.com", relaxed);
  EXPECT_EQ(registry.Follow(registry.base(), "/v2/")->transport, relaxed);
  const auto other = registry.Follow(registry.base(), "https://auth.example.com/");
  EXPECT_EQ(other->transport, Transport());
}

}  // namespace
}  // namespace gantry

#include "plugins/sdk/jwt.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "plugins/sdk/encoding.h"

namespace gantry::sdk {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string PemOf(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

TEST(Jwt, IsSignedByRs256) {
  const Key key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const auto token = SignJwt(R"({"alg":"RS256"})", R"({"iss":"me","exp":1795435200})",
                             PemOf(key.get()));
  ASSERT_TRUE(token.has_value());
  EXPECT_EQ(ReadJwtClaims(*token)["iss"].Text(), "me");
  EXPECT_EQ(JwtExpiryUnixMs(*token), 1'795'435'200'000);

  const size_t dot = token->rfind('.');
  const std::string signed_part = token->substr(0, dot);
  const std::string signature = DecodeBase64(token->substr(dot + 1)).value();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()), 1);
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  EXPECT_EQ(EVP_DigestVerify(context.get(), bytes(signature), signature.size(),
                             bytes(signed_part), signed_part.size()),
            1);
}

TEST(Jwt, NeedsAnRsaKey) {
  const Key curve(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  EXPECT_EQ(SignJwt("{}", "{}", PemOf(curve.get())), std::nullopt);
  EXPECT_EQ(SignJwt("{}", "{}", "no key"), std::nullopt);
}

TEST(Jwt, OfWhatIsNoneNothingIsRead) {
  for (const char* token : {"", "a.b", "..", "a.!.c", "a.bm8.c"}) {
    EXPECT_FALSE(ReadJwtClaims(token)) << token;
    EXPECT_EQ(JwtExpiryUnixMs(token), 0) << token;
  }
  EXPECT_EQ(JwtExpiryUnixMs("e30." + Base64Url(R"({"exp":99999999999999})") + ".x"), 0);
}

}  // namespace
}  // namespace gantry::sdk

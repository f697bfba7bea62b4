#include "tests/conformance/google_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>

#include "plugins/sdk/json.h"

namespace gantry::testing {
namespace {

std::string MakePem() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace

std::string ServiceAccountJson() {
  static const std::string pem = MakePem();
  return R"({"type": "service_account", "project_id": "my-project", "private_key_id": "key-1",
             "client_email": "pusher@my-project.iam.gserviceaccount.com", "private_key": )" +
         sdk::JsonQuote(pem) + "}";
}

std::string UserJson() {
  return R"({"type": "authorized_user", "client_id": "id", "client_secret": "shh",
             "refresh_token": "1//refresh", "quota_project_id": "my-quota"})";
}

}  // namespace gantry::testing

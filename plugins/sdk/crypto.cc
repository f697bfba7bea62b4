#include "plugins/sdk/crypto.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <memory>

namespace gantry::sdk {
namespace {

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  EVP_Digest(bytes.data(), bytes.size(), Bytes(digest), nullptr, EVP_sha256(), nullptr);
  return digest;
}

std::string HmacSha256(std::string_view key, std::string_view bytes) {
  std::string digest(32, '\0');
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(bytes), bytes.size(),
       Bytes(digest), nullptr);
  return digest;
}

std::optional<std::string> SignRs256(std::string_view pem, std::string_view bytes) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  // An empty passphrase: asking for one on a terminal is no option.
  char no_passphrase[] = "";
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_passphrase), &EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  std::optional<std::string> signature;
  size_t size = 0;
  if (key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(bytes), bytes.size()) == 1) {
    signature.emplace(size, '\0');
    if (EVP_DigestSign(context.get(), Bytes(*signature), &size, Bytes(bytes), bytes.size()) != 1) {
      signature.reset();
    }
  }
  ERR_clear_error();  // the queue is the thread's, which is the host's
  return signature;
}

}  // namespace gantry::sdk

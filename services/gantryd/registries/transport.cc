#include "gantryd/registries/transport.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "net/address_policy.h"

namespace gantry {
namespace {

constexpr size_t kMaxPem = 1 << 20;

bool KeyFits(const std::string& certificate_pem, const Secret& key_pem) {
  const std::string_view key_text = key_pem.Reveal();
  const std::unique_ptr<BIO, decltype(&BIO_free)> certificate_bio(
      BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())), &BIO_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> key_bio(
      BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr), &X509_free);
  char no_passphrase[] = "";  // else OpenSSL asks for one on the terminal
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, no_passphrase), &EVP_PKEY_free);
  const bool fits = certificate && key && X509_check_private_key(certificate.get(), key.get()) == 1;
  ERR_clear_error();
  return fits;
}

bool KeepsHost(const RegistryRecord& stored, const RegistryUri& uri) {
  const auto before = RegistryUri::Parse(stored.uri);
  return before.ok() && before->host() == uri.host();
}

// The key of a certificate that stays is kept; one without the other is of no use, nor are two that
// do not belong together.
void CheckClientIdentity(const RegistryRecord* stored, RegistryRecord& record,
                         std::vector<FieldViolation>& violations) {
  if (record.client_certificate.empty()) {
    if (!record.client_key.empty()) {
      violations.push_back({"transport.client_key", "needs transport.client_certificate"});
    }
    return;
  }
  if (auto fault = CheckCertificates(record.client_certificate)) {
    violations.push_back({"transport.client_certificate", *std::move(fault)});
    return;
  }
  const bool kept = stored && stored->client_certificate == record.client_certificate;
  if (record.client_key.empty() && kept) record.client_key = stored->client_key;
  if (record.client_key.empty()) {
    violations.push_back({"transport.client_key", "is required with a client certificate"});
  } else if (!KeyFits(record.client_certificate, record.client_key)) {
    violations.push_back({"transport.client_key",
                          "is no PEM private key without a passphrase, or not the certificate's"});
  }
}

}  // namespace

Transport TransportOf(const RegistryRecord& record) {
  Transport transport;
  transport.plain_http = record.plain_http;
  transport.skip_tls_verify = record.skip_tls_verify;
  transport.ca_certificate = record.ca_certificate;
  if (!record.client_certificate.empty()) {
    transport.identity = std::make_shared<const ClientIdentity>(
        ClientIdentity{record.client_certificate, record.client_key});
  }
  return transport;
}

std::vector<FieldViolation> SettleTransport(const RegistryUri& uri, const RegistryRecord* stored,
                                            RegistryRecord& record) {
  std::vector<FieldViolation> violations;
  if (!record.ca_certificate.empty()) {
    if (auto fault = CheckCertificates(record.ca_certificate)) {
      violations.push_back({"transport.ca_certificate", *std::move(fault)});
    }
  }
  CheckClientIdentity(stored, record, violations);
  const bool wants_tls = !record.ca_certificate.empty() || record.skip_tls_verify ||
                         !record.client_certificate.empty();
  const bool loopback = IsLoopbackHost(uri.host());
  if (uri.plain_http() == false && record.plain_http) {
    violations.push_back({"transport.plain_http", "contradicts the https:// of the uri"});
  } else if (uri.plain_http() == true && !loopback && !record.plain_http) {
    violations.push_back(
        {"uri", fmt::format("http:// would send credentials to {} in plain text; leave the scheme "
                            "out, or set transport.plain_http if that is what you want",
                            uri.host())});
  } else if (uri.plain_http()) {
    record.plain_http = *uri.plain_http();
  } else if (loopback && !record.plain_http && !wants_tls) {
    record.plain_http = stored && KeepsHost(*stored, uri) ? stored->plain_http : true;
  }
  if (record.plain_http && wants_tls) {
    const char* field = record.skip_tls_verify           ? "transport.skip_tls_verify"
                        : !record.ca_certificate.empty() ? "transport.ca_certificate"
                                                         : "transport.client_certificate";
    violations.push_back({field, "is about https, but the registry is reached by plain http"});
  }
  return violations;
}

std::optional<std::string> CheckCertificates(const std::string& pem) {
  if (pem.size() > kMaxPem) return "is longer than 1 MiB";
  if (pem.find("PRIVATE KEY-----") != pem.npos) {
    return "holds a private key; give the certificates alone";
  }
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  int count = 0;
  for (;; ++count) {
    ERR_clear_error();
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
    if (!certificate) break;
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (count == 0) return "is not a PEM certificate; it begins with -----BEGIN CERTIFICATE-----";
  if (!at_end) return fmt::format("is damaged after certificate {}", count);
  return std::nullopt;
}

}  // namespace gantry

#include "gantryd/registries/transport.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

namespace gantry {
namespace {

constexpr size_t kMaxPem = 1 << 20;

bool KeepsHost(const RegistryRecord& stored, const RegistryUri& uri) {
  const auto before = RegistryUri::Parse(stored.uri);
  return before.ok() && before->host() == uri.host();
}

}  // namespace

Transport TransportOf(const RegistryRecord& record) {
  Transport transport;
  transport.plain_http = record.plain_http;
  transport.skip_tls_verify = record.skip_tls_verify;
  transport.ca_certificate = record.ca_certificate;
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
  const bool wants_tls = !record.ca_certificate.empty() || record.skip_tls_verify;
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
    violations.push_back(
        {record.skip_tls_verify ? "transport.skip_tls_verify" : "transport.ca_certificate",
         "says how to trust https, but the registry is reached by plain http"});
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

#include "tests/fakes/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdlib>

namespace gantry::fakes {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

void Extend(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  if (!extension) std::abort();
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Ptr NewCertificate(const char* common_name, long serial, EVP_PKEY* key, X509* issuer) {
  X509Ptr certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer) : name);
  return certificate;
}

}  // namespace

Certificate MakeServerCertificate() {
  const Key ca_key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const X509Ptr ca = NewCertificate("Gantry test CA", 1, ca_key.get(), nullptr);
  Extend(ca.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(ca.get(), ca_key.get(), EVP_sha256());
  const X509Ptr leaf = NewCertificate("localhost", 2, key.get(), ca.get());
  Extend(leaf.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(leaf.get(), ca_key.get(), EVP_sha256());

  Certificate out;
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509(bio.get(), ca.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  out.ca_pem.assign(text, static_cast<size_t>(size));
  out.context.reset(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX_use_certificate(out.context.get(), leaf.get());
  SSL_CTX_use_PrivateKey(out.context.get(), key.get());
  return out;
}

}  // namespace gantry::fakes

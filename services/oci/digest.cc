#include "oci/digest.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "base/status.h"
#include "base/strings.h"

namespace gantry {

absl::StatusOr<Digest> Digest::Parse(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  const bool known = text.substr(0, kPrefix.size()) == kPrefix;
  const bool hex = known && text.size() == kPrefix.size() + 64 &&
                   text.find_first_not_of("0123456789abcdef", kPrefix.size()) == text.npos;
  if (!hex) {
    return InvalidArgument(reason::kInvalidReference, "'{}' is not a digest", Excerpt(text, 100))
        .Remedy("a digest is 'sha256:' and 64 lower-case hex digits");
  }
  return Digest(std::string(text));
}

Digest Digest::Of(std::string_view bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

// OpenSSL fails here only without memory or without SHA-256; neither can be survived.
Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) std::abort();
}

Sha256::Sha256(const Sha256& other) : context_(EVP_MD_CTX_new()), bytes_(other.bytes_) {
  if (!context_ || EVP_MD_CTX_copy_ex(context_.get(), other.context_.get()) != 1) std::abort();
}

Sha256& Sha256::operator=(const Sha256& other) {
  if (this != &other) *this = Sha256(other);
  return *this;
}

Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) std::abort();
  bytes_ += static_cast<int64_t>(bytes.size());
}

Digest Sha256::Finish() const {
  const Sha256 copy(*this);
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_DigestFinal_ex(copy.context_.get(), raw, &size) != 1) std::abort();
  return Digest("sha256:" + HexEncode({reinterpret_cast<const char*>(raw), size}));
}

}  // namespace gantry

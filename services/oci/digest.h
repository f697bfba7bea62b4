// Content digests: "sha256:<64 hex>".  OCI image-spec, "Digests"; other algorithms are refused.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;

namespace gantry {

// A value.
class Digest {
 public:
  // INVALID_ARGUMENT INVALID_REFERENCE.
  static absl::StatusOr<Digest> Parse(std::string_view text);
  static Digest Of(std::string_view bytes);

  const std::string& text() const { return text_; }  // "sha256:…"
  std::string_view hex() const { return std::string_view(text_).substr(7); }

  auto operator<=>(const Digest&) const = default;

 private:
  friend class Sha256;
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A running SHA-256.  Copying takes a midstate along, so that hashing can go on from there.
// Confined to one thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256& other);
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;
  ~Sha256();

  void Update(std::string_view bytes);
  // Of what was given so far; hashing may go on.
  Digest Finish() const;
  int64_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  int64_t bytes_ = 0;
};

}  // namespace gantry

// Secrets on disk: sealed by AES-256-GCM under a key that is kept beside the state, not in it.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "base/secret.h"

namespace gantry {

// Immutable; thread-safe.  Every value gets a data key of its own, wrapped by this key, so that
// changing this key re-wraps keys and touches no value.  A sealed value is
//   s1.<key id>.<wrapped data key>.<nonce>.<ciphertext and tag>      (base64 parts)
class SealingKey {
 public:
  // Reads 32 bytes, or makes the file, readable by its owner alone, on the first start.
  //   FAILED_PRECONDITION SEALING_KEY   wrong length, or others may read it
  //   UNAVAILABLE STORE_FULL            it cannot be read or written
  static absl::StatusOr<SealingKey> LoadOrCreate(const std::string& path);

  // `place` says where the value belongs (table, row, column): it opens nowhere else.
  std::string Seal(const Secret& value, std::string_view place) const;
  // FAILED_PRECONDITION SEALING_KEY   sealed by another key, for another place, or changed
  absl::StatusOr<Secret> Open(std::string_view sealed, std::string_view place) const;

  // A hash of `bytes` that only the key's owner can compute (HMAC-SHA256, hex): tells whether two are
  // the same without keeping either.
  std::string Fingerprint(std::string_view bytes) const;

  // Eight hex digits that name the key and say nothing about it.
  const std::string& id() const { return id_; }

 private:
  explicit SealingKey(Secret key);
  Secret key_;
  std::string id_;
};

}  // namespace gantry

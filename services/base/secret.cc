#include "base/secret.h"

#include <openssl/crypto.h>

namespace gantry {

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    Wipe();
    value_ = other.value_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    value_ = std::move(other.value_);
    other.Wipe();
  }
  return *this;
}

void Secret::Wipe() noexcept { WipeString(value_); }

void WipeString(std::string& value) noexcept {
  value.resize(value.capacity());  // within capacity: also what a move or a shrink left behind
  OPENSSL_cleanse(value.data(), value.size());
  value.clear();
}

}  // namespace gantry

// A value that must not be seen: not printable, not comparable, wiped when it goes.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace gantry {

// Not thread-safe.  Reveal() is the one way to the bytes; keep what it returns on the stack, briefly.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.Wipe(); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(); }

  bool operator==(const Secret&) const = delete;

  std::string_view Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void Wipe() noexcept;
  std::string value_;
};

// Overwrites a buffer that held a secret.
void WipeString(std::string& value) noexcept;

}  // namespace gantry

#include "gantryd/flavors/flavor_call.h"

#include <utility>

void gantry_call::SetError(absl::Status error) {
  const std::lock_guard lock(mu_);
  error_ = std::move(error);
}

absl::Status gantry_call::error() const {
  const std::lock_guard lock(mu_);
  return error_;
}

void gantry_call::SetPushed(gantry::PushedImage image) {
  const std::lock_guard lock(mu_);
  pushed_ = std::move(image);
}

std::optional<gantry::PushedImage> gantry_call::pushed() const {
  const std::lock_guard lock(mu_);
  return pushed_;
}

void gantry_call::NoteWarning(std::string text) const {
  constexpr size_t kMaxWarnings = 16;
  const std::lock_guard lock(mu_);
  if (warnings_.size() < kMaxWarnings) warnings_.push_back(std::move(text));
}

std::vector<std::string> gantry_call::warnings() const {
  const std::lock_guard lock(mu_);
  return warnings_;
}

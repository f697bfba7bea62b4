// The host's side of a sink: copies the records that a flavor puts.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gantryd/flavors/abi_copy.h"
#include "gantryd/flavors/flavor_call.h"
#include "gantryd/flavors/flavor_error.h"

namespace gantry {

// Confined to the thread of one operation; lives until the operation has returned.
template <class Raw, class T, size_t kLimit>
class Collector {
 public:
  virtual ~Collector() = default;

  // The sink's put(): non-zero when there is room for no more, or the record is no good.
  static int32_t Take(void* ctx, const Raw* raw) noexcept {
    auto* self = static_cast<Collector*>(ctx);
    if (raw == nullptr) self->fault_ = "gave no record where one was due";
    if (!self->fault_.empty() || self->items.size() >= kLimit) return 1;
    T item;
    if (!self->Copy(*raw, &item, &self->fault_)) return 1;
    self->items.push_back(std::move(item));
    return 0;
  }

  // How the operation ended.  A bad record outweighs an OK; with `required`, so does none.
  absl::Status End(gantry_code code, const gantry_call& call, const std::string& flavor,
                   std::string_view required = {}) const {
    if (!fault_.empty()) return Misbehaved(flavor, call.operation(), fault_);
    const absl::Status status = EndOfOperation(code, call.error(), flavor, call.operation());
    if (status.ok() && !required.empty() && items.empty()) {
      return Misbehaved(flavor, call.operation(), fmt::format("returned OK without {}", required));
    }
    return status;
  }

  std::vector<T> items;

 protected:
  virtual bool Copy(const Raw& raw, T* item, std::string* fault) = 0;

 private:
  std::string fault_;
};

class FindingCollector final : public Collector<gantry_finding, Finding, 100> {
  bool Copy(const gantry_finding& raw, Finding* item, std::string* fault) override {
    return CopyFinding(raw, item, fault);
  }
};

class ResourceCollector final : public Collector<gantry_resource, Resource, 10'000> {
  bool Copy(const gantry_resource& raw, Resource* item, std::string* fault) override {
    return CopyResource(raw, item, fault);
  }
};

class ImageCollector final : public Collector<gantry_image, FlavorImage, 10'000> {
  bool Copy(const gantry_image& raw, FlavorImage* item, std::string* fault) override {
    return CopyImage(raw, item, fault);
  }
};

class TokenCollector final : public Collector<gantry_str, std::string, 1> {
  bool Copy(const gantry_str& raw, std::string* item, std::string* fault) override {
    return CopyText(raw, 4096, "page token", item, fault);
  }
};

class PlanCollector final : public Collector<gantry_push_plan, FlavorPlan, 1> {
 public:
  explicit PlanCollector(const std::string& host) : host_(host) {}

 private:
  bool Copy(const gantry_push_plan& raw, FlavorPlan* item, std::string* fault) override {
    return CopyPlan(raw, host_, item, fault);
  }
  const std::string& host_;
};

class CredentialCollector final : public Collector<gantry_credential, Credential, 1> {
 public:
  CredentialCollector(const std::string& host, const Clock& clock) : host_(host), clock_(clock) {}

 private:
  bool Copy(const gantry_credential& raw, Credential* item, std::string* fault) override {
    return CopyCredential(raw, host_, clock_, item, fault);
  }
  const std::string& host_;
  const Clock& clock_;
};

}  // namespace gantry

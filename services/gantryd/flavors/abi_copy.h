// What a flavor hands over, copied and checked: sizes, enums and names are not believed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gantryd/flavors/flavor.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

inline gantry_str ToRaw(std::string_view s) { return {s.data(), s.size()}; }
gantry_target ToRaw(const Target& target);  // borrows from the target

// The flavor's text for people: one line of valid UTF-8, cut at `limit`.
std::string CopyProse(gantry_str text, size_t limit);

// Each returns false with a `fault`, a clause such as "gave a credential of scheme 9", when the
// record breaks the contract.  `host` is the registry that was asked about.
bool CopyText(gantry_str text, size_t limit, std::string_view what, std::string* out,
              std::string* fault);
bool CopyCredential(const gantry_credential& raw, const std::string& host, const Clock& clock,
                    Credential* out, std::string* fault);
bool CopyPlan(const gantry_push_plan& raw, const std::string& host, FlavorPlan* out,
              std::string* fault);
bool CopyImage(const gantry_image& raw, FlavorImage* out, std::string* fault);
bool CopyResource(const gantry_resource& raw, Resource* out, std::string* fault);
bool CopyFinding(const gantry_finding& raw, Finding* out, std::string* fault);

// A plan for a flavor; borrows from `plan`.
class RawPlan {
 public:
  explicit RawPlan(const FlavorPlan& plan);
  RawPlan(const RawPlan&) = delete;
  RawPlan& operator=(const RawPlan&) = delete;
  const gantry_push_plan* get() const { return &raw_; }

 private:
  gantry_target target_;
  std::vector<gantry_str> mount_from_;
  gantry_push_plan raw_;
};

}  // namespace gantry

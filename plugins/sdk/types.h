// What a flavor works with: the records of the ABI as C++ values, and the one bridge between the
// two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/abi/flavor_abi.h"
#include "plugins/sdk/secret.h"

namespace gantry::sdk {

inline gantry_str Str(std::string_view s) noexcept { return {s.data(), s.size()}; }
inline std::string_view View(gantry_str s) noexcept {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}

// Where an image goes, or lives.  The host gives host and repository in canonical form.
struct Target {
  std::string registry_host, repository, tag, digest;

  static Target From(const gantry_target& raw);
  // Borrows from this; use it before this changes.
  gantry_target Raw() const noexcept;
};

// What to log in with.  `registry_host` is who may see it; the host refuses any other than was
// asked.
struct Credential {
  int32_t scheme = GANTRY_AUTH_NONE;
  std::string registry_host, username;
  Secret secret;
  int64_t expires_unix_ms = 0;  // 0: not known
  // Of what GANTRY_HAND_OUT asks for.  Set what is certain: unset says that it may be as wide as
  // the login that it comes from.
  bool read_only = false;       // changes nothing
  bool one_repository = false;  // opens the target's repository and no other
};

// How and where to push; starts as "to the target, in one stream a blob".
struct Plan {
  Target target;
  std::vector<std::string> mount_from;  // repositories of the same host, best first
  uint32_t max_parallel_blobs = 0;      // 0: the host's default
  int32_t upload = GANTRY_UPLOAD_STREAM;
  int64_t chunk_bytes = 0;  // of GANTRY_UPLOAD_CHUNKED
  bool lax_commit = false;
  bool new_repository = false;  // made a moment ago; the registry may not know of it yet
  bool no_range = false;        // how much of an upload it has, the registry says wrongly
  int64_t min_part_bytes = 0;   // of parts that a proxy forces, the last apart; 0: any size

  static Plan From(const gantry_push_plan& raw);
};

struct Image {
  std::string uri, digest, media_type;  // uri: what an orchestrator can pull
  std::vector<std::string> tags;
  int64_t size_bytes = 0, pushed_unix_ms = 0;  // 0: not known

  static Image From(const gantry_image& raw);
};

struct Page {
  std::vector<Image> images;
  std::string next_page_token;  // empty: this was the last
};

// A registry that a connector reaches: "123456789012.dkr.ecr.us-east-1.amazonaws.com".
struct Resource {
  std::string uri, description;
};

struct ResourcePage {
  std::vector<Resource> resources;
  std::string next_page_token;  // empty: this was the last
};

// A remark of ValidateConfig, Verify or Diagnose.  Level kError refuses a configuration.
struct Finding {
  int32_t level = GANTRY_INFO;
  std::string check, field, message, remedy;
};
using Findings = std::vector<Finding>;

// Hands a record to the host.  False when the host has enough.
bool Put(const gantry_credential_sink& sink, const Credential& credential);
bool Put(const gantry_push_plan_sink& sink, const Plan& plan);
bool Put(const gantry_image_sink& sink, const Image& image);
bool Put(const gantry_finding_sink& sink, const Finding& finding);
bool Put(const gantry_resource_sink& sink, const Resource& resource);
bool Put(const gantry_str_sink& sink, std::string_view text);

// Borrows from a plan.  Not copyable: the raw struct points into it.
class RawPlan {
 public:
  explicit RawPlan(const Plan& plan);
  RawPlan(const RawPlan&) = delete;
  RawPlan& operator=(const RawPlan&) = delete;
  const gantry_push_plan* get() const noexcept { return &raw_; }

 private:
  gantry_target target_;
  std::vector<gantry_str> mount_from_;
  gantry_push_plan raw_;
};

}  // namespace gantry::sdk

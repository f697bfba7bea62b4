// What the daemon lends to a flavor: the function table gantry_host.
#pragma once

#include <string>

#include "base/clock.h"
#include "gantryd/flavors/flavor.h"
#include "plugins/abi/flavor_abi.h"

namespace gantry {

// One per flavor instance, or per validate_config.  Thread-safe; outlives the instance it is lent
// to. Every function takes the flavor's word for nothing: pointers are checked for null, texts and
// counts bounded, and a failure is kept in the call so that its own words reach the caller.
class HostServices {
 public:
  // `instance` is borrowed; null while there is none, and then no secret, no request and no push is
  // to be had.
  HostServices(std::string flavor, const Clock& clock, InstanceHost* instance);
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;

  const gantry_host* table() const { return &table_; }
  const std::string& flavor() const { return flavor_; }
  const Clock& clock() const { return clock_; }

 private:
  static void Log(void* ctx, const gantry_call* call, int32_t level, gantry_str message,
                  const gantry_kv* fields, size_t field_count) noexcept;
  static int64_t NowUnixMs(void* ctx) noexcept;
  static int64_t RemainingMs(void* ctx, const gantry_call* call) noexcept;
  static gantry_code Fail(void* ctx, gantry_call* call, const gantry_error* error) noexcept;
  static gantry_code Http(void* ctx, gantry_call* call, const gantry_http_request* request,
                          gantry_http_response_sink sink) noexcept;
  static gantry_code Registry(void* ctx, gantry_call* call, const gantry_target* target,
                              uint32_t actions, const gantry_http_request* request,
                              gantry_http_response_sink sink) noexcept;
  static gantry_code ReadSecret(void* ctx, gantry_call* call, gantry_str name,
                                gantry_str_sink sink) noexcept;
  static gantry_code Local(void* ctx, gantry_call* call, int32_t kind, gantry_str name,
                           gantry_str_sink sink) noexcept;
  static gantry_code Push(void* ctx, gantry_call* call, const gantry_push_plan* plan,
                          gantry_image_sink sink) noexcept;
  static gantry_code Wait(void* ctx, gantry_call* call, int64_t milliseconds) noexcept;

  absl::Status DoHttp(gantry_call& call, const gantry_http_request* request,
                      gantry_http_response_sink sink);
  absl::Status DoRegistry(gantry_call& call, const gantry_target* target, uint32_t actions,
                          const gantry_http_request* request, gantry_http_response_sink sink);
  absl::Status DoSecret(gantry_call& call, gantry_str name, gantry_str_sink sink);
  absl::Status DoLocal(gantry_call& call, int32_t kind, gantry_str name, gantry_str_sink sink);
  absl::Status DoPush(gantry_call& call, const gantry_push_plan* plan, gantry_image_sink sink);
  absl::Status DoWait(gantry_call& call, int64_t duration_ms);

  const std::string flavor_;
  const Clock& clock_;
  InstanceHost* const instance_;
  const gantry_host table_;
};

}  // namespace gantry

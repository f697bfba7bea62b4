// A host for flavors under test: scripted answers, counted calls, and an eye on the contract.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "plugins/abi/flavor_abi.h"
#include "plugins/sdk/http.h"
#include "plugins/sdk/types.h"

namespace gantry::testing {

// What a flavor said through host->fail.
struct Failure {
  gantry_code code = GANTRY_OK;
  std::string reason, message, remedy;
  int64_t retry_after_ms = -1;
};

// Thread-safe where gantry_host is; scripted before the calls it is scripted for.
class FakeHost {
 public:
  FakeHost();
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  const gantry_host* table() const { return &table_; }

  using Handler = std::function<sdk::HttpResponse(const sdk::HttpRequest&)>;
  Handler on_http;      // 404 without
  Handler on_registry;  // 404 without; the request's url is a path
  std::map<std::string, std::string> secrets;
  // The daemon's machine; nothing of it may be asked for unless `local_allowed`.
  bool local_allowed = true;
  std::map<std::string, std::string> environment, files;
  std::atomic<int64_t> now_unix_ms = 1'795'435'200'000;  // 2026-11-23T12:00:00Z
  // URLs at which nobody answers.
  std::set<std::string> unreachable;
  // Requests and pushes hang until the call's deadline and then fail.
  std::atomic<bool> stalled = false;
  gantry_code push_code = GANTRY_OK;

  std::atomic<int> http_calls = 0, registry_calls = 0, push_calls = 0, secret_calls = 0;
  // What a flavor did that no flavor may.
  std::vector<std::string> faults() const;
  void AddFault(std::string fault);
  // What was logged as GANTRY_WARN so far.
  std::vector<std::string> warnings() const;
  // Requests to the registry so far: "GET /v2/…".
  std::vector<std::string> requests() const;
  // What was logged so far, message and fields.
  std::vector<std::string> logged() const;

  static constexpr char kDigest[] =
      "sha256:c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

 private:
  friend struct HostFunctions;
  const gantry_host table_;
  mutable std::mutex mu_;
  std::vector<std::string> faults_, warnings_, requests_, logged_;  // guarded by mu_
};

}  // namespace gantry::testing

// One call, of the test's making.
struct gantry_call {
  explicit gantry_call(std::chrono::milliseconds timeout)
      : deadline(std::chrono::steady_clock::now() + timeout) {}

  const std::chrono::steady_clock::time_point deadline;
  const std::thread::id thread = std::this_thread::get_id();
  std::mutex mu;
  std::vector<gantry::testing::Failure> failures;  // by the flavor; guarded by mu
  std::vector<gantry_code> host_failures;          // by the host's own functions; guarded by mu
};

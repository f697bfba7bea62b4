// The resolver of the C library hangs for as long as a nameserver is silent, and nothing can
// interrupt it: a call must end without it.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/status.h"
#include "net/curl_http_client.h"

namespace gantry {
namespace {

constexpr char kHangs[] = "hangs.example";

// Of the lookup of kHangs.
struct {
  std::mutex mu;
  std::condition_variable change;
  bool asked = false, answered = false, over = false;
} g_lookup;

void WaitFor(bool& what) {
  std::unique_lock lock(g_lookup.mu);
  // Long enough for a busy machine, and an end for a test that fails.
  g_lookup.change.wait_for(lock, std::chrono::seconds(20), [&] { return what; });
}

void Set(bool& what) {
  const std::lock_guard lock(g_lookup.mu);
  what = true;
  g_lookup.change.notify_all();
}

TEST(SlowResolver, ACancelledCallDoesNotWaitForIt) {
  const SystemClock clock;
  CallContext call(clock, std::chrono::seconds(60), "test");
  std::jthread canceller([&call] {
    WaitFor(g_lookup.asked);
    call.RequestStop();
  });
  CurlHttpClient http;
  HttpRequest request;
  request.url = std::string("http://") + kHangs + "/";
  const auto response = http.Do(call, request);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kCancelled) << response.status();
  {
    const std::lock_guard lock(g_lookup.mu);
    EXPECT_TRUE(g_lookup.asked);
    EXPECT_FALSE(g_lookup.over);
  }
  Set(g_lookup.answered);
  WaitFor(g_lookup.over);
}

}  // namespace
}  // namespace gantry

// In place of the C library's, for all that this program is linked with.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (node && std::string_view(node) == gantry::kHangs) {
    gantry::Set(gantry::g_lookup.asked);
    gantry::WaitFor(gantry::g_lookup.answered);
    gantry::Set(gantry::g_lookup.over);
    return EAI_AGAIN;
  }
  static const auto next =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(node, service, hints, result);
}

#include "tests/conformance/fake_host.h"

namespace gantry::testing {
namespace {

using sdk::Str;
using sdk::View;

int64_t Remaining(const gantry_call* call) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(call->deadline -
                                                               std::chrono::steady_clock::now())
      .count();
}

sdk::HttpRequest Copy(const gantry_http_request& raw) {
  sdk::HttpRequest request;
  request.method = View(raw.method);
  request.url = View(raw.url);
  request.body = View(raw.body);
  request.flags = raw.flags;
  for (size_t i = 0; i < raw.header_count; ++i) {
    request.headers.emplace_back(View(raw.headers[i].key), View(raw.headers[i].value));
  }
  return request;
}

gantry_code HostFailure(gantry_call* call, gantry_code code) {
  const std::lock_guard lock(call->mu);
  call->host_failures.push_back(code);
  return code;
}

// Hangs until the deadline of a stalled host's call; false when there is no time left.
bool WaitIfStalled(const FakeHost& host, const gantry_call* call) {
  if (host.stalled) std::this_thread::sleep_until(call->deadline);
  return Remaining(call) > 0;
}

void Deliver(const sdk::HttpResponse& response, gantry_http_response_sink sink) {
  std::vector<gantry_kv> headers;
  for (const auto& [key, value] : response.headers) headers.push_back({Str(key), Str(value)});
  const gantry_http_response raw{sizeof raw, response.status, Str(response.body), headers.data(),
                                 headers.size()};
  sink.put(sink.ctx, &raw);
}

}  // namespace

struct HostFunctions {
  static FakeHost& Self(void* ctx) { return *static_cast<FakeHost*>(ctx); }

  static void Log(void* ctx, const gantry_call*, int32_t level, gantry_str message,
                  const gantry_kv* fields, size_t field_count) noexcept {
    std::string line(View(message));
    for (size_t i = 0; i < field_count; ++i) {
      line += " " + std::string(View(fields[i].key)) + "=" + std::string(View(fields[i].value));
    }
    FakeHost& self = Self(ctx);
    const std::lock_guard lock(self.mu_);
    if (level == GANTRY_WARN) self.warnings_.emplace_back(View(message));
    self.logged_.push_back(std::move(line));
  }
  static int64_t Now(void* ctx) noexcept { return Self(ctx).now_unix_ms; }
  static int64_t RemainingMs(void*, const gantry_call* call) noexcept { return Remaining(call); }

  static gantry_code Fail(void* ctx, gantry_call* call, const gantry_error* error) noexcept {
    Failure failure{error->code, std::string(View(error->reason)),
                    std::string(View(error->message)), "", error->retry_after_ms};
    for (size_t i = 0; i < error->metadata_count; ++i) {
      if (View(error->metadata[i].key) == "remedy") failure.remedy = View(error->metadata[i].value);
    }
    const std::lock_guard lock(call->mu);
    if (!call->failures.empty()) Self(ctx).AddFault("called fail twice: " + failure.message);
    call->failures.push_back(std::move(failure));
    return error->code;
  }

  static gantry_code Http(void* ctx, gantry_call* call, const gantry_http_request* request,
                          gantry_http_response_sink sink) noexcept {
    FakeHost& self = Self(ctx);
    ++self.http_calls;
    if (!WaitIfStalled(self, call)) return HostFailure(call, GANTRY_DEADLINE_EXCEEDED);
    if (self.unreachable.contains(std::string(View(request->url)))) {
      return HostFailure(call, GANTRY_UNAVAILABLE);
    }
    Deliver(self.on_http ? self.on_http(Copy(*request)) : sdk::HttpResponse{404, {}, ""}, sink);
    return GANTRY_OK;
  }

  static gantry_code Registry(void* ctx, gantry_call* call, const gantry_target*, uint32_t,
                              const gantry_http_request* request,
                              gantry_http_response_sink sink) noexcept {
    FakeHost& self = Self(ctx);
    ++self.registry_calls;
    const sdk::HttpRequest copied = Copy(*request);
    {
      const std::lock_guard lock(self.mu_);
      self.requests_.push_back(copied.method + " " + copied.url);
    }
    if (copied.url.empty() || copied.url[0] != '/') self.AddFault("no path: " + copied.url);
    if (!WaitIfStalled(self, call)) return HostFailure(call, GANTRY_DEADLINE_EXCEEDED);
    Deliver(self.on_registry ? self.on_registry(copied) : sdk::HttpResponse{404, {}, ""}, sink);
    return GANTRY_OK;
  }

  static gantry_code Secret(void* ctx, gantry_call* call, gantry_str name,
                            gantry_str_sink sink) noexcept {
    FakeHost& self = Self(ctx);
    ++self.secret_calls;
    const auto it = self.secrets.find(std::string(View(name)));
    if (it == self.secrets.end()) return HostFailure(call, GANTRY_NOT_FOUND);
    const gantry_str value = Str(it->second);
    sink.put(sink.ctx, &value);
    return GANTRY_OK;
  }

  static gantry_code Local(void* ctx, gantry_call* call, int32_t kind, gantry_str name,
                           gantry_str_sink sink) noexcept {
    const FakeHost& self = Self(ctx);
    if (!self.local_allowed) return HostFailure(call, GANTRY_PERMISSION_DENIED);
    const auto& things = kind == GANTRY_LOCAL_FILE ? self.files : self.environment;
    const auto it = things.find(std::string(View(name)));
    if (it == things.end()) return HostFailure(call, GANTRY_NOT_FOUND);
    const gantry_str value = Str(it->second);
    sink.put(sink.ctx, &value);
    return GANTRY_OK;
  }

  // Time passes at once.
  static gantry_code Wait(void* ctx, gantry_call* call, int64_t milliseconds) noexcept {
    FakeHost& self = Self(ctx);
    if (Remaining(call) <= 0) return HostFailure(call, GANTRY_DEADLINE_EXCEEDED);
    self.now_unix_ms += milliseconds;
    return GANTRY_OK;
  }

  static gantry_code Push(void* ctx, gantry_call* call, const gantry_push_plan* plan,
                          gantry_image_sink sink) noexcept {
    FakeHost& self = Self(ctx);
    ++self.push_calls;
    if (!WaitIfStalled(self, call)) return HostFailure(call, GANTRY_DEADLINE_EXCEEDED);
    if (self.push_code != GANTRY_OK) return HostFailure(call, self.push_code);
    const sdk::Target target = sdk::Target::From(*plan->target);
    sdk::Image image;
    image.uri = target.registry_host + "/" + target.repository + ":" + target.tag;
    image.digest = FakeHost::kDigest;
    image.tags = {target.tag};
    sdk::Put(sink, image);
    return GANTRY_OK;
  }
};

FakeHost::FakeHost()
    : table_{sizeof(gantry_host),   GANTRY_ABI_MINOR,    this,
             HostFunctions::Log,    HostFunctions::Now,  HostFunctions::RemainingMs,
             HostFunctions::Fail,   HostFunctions::Http, HostFunctions::Registry,
             HostFunctions::Secret, HostFunctions::Push, HostFunctions::Local,
             HostFunctions::Wait} {}

std::vector<std::string> FakeHost::faults() const {
  const std::lock_guard lock(mu_);
  return faults_;
}

void FakeHost::AddFault(std::string fault) {
  const std::lock_guard lock(mu_);
  faults_.push_back(std::move(fault));
}

std::vector<std::string> FakeHost::warnings() const {
  const std::lock_guard lock(mu_);
  return warnings_;
}

std::vector<std::string> FakeHost::logged() const {
  const std::lock_guard lock(mu_);
  return logged_;
}

std::vector<std::string> FakeHost::requests() const {
  const std::lock_guard lock(mu_);
  return requests_;
}

}  // namespace gantry::testing

#include "plugins/sdk/call.h"

#include <array>
#include <exception>

namespace gantry::sdk {
namespace {

// The host's request, borrowing from ours.
class RawRequest {
 public:
  explicit RawRequest(const HttpRequest& request) {
    headers_.reserve(request.headers.size());
    for (const auto& [key, value] : request.headers) headers_.push_back({Str(key), Str(value)});
    raw_ = {sizeof raw_,       request.flags,   Str(request.method), Str(request.url),
            Str(request.body), headers_.data(), headers_.size()};
  }
  RawRequest(const RawRequest&) = delete;
  RawRequest& operator=(const RawRequest&) = delete;
  const gantry_http_request* get() const { return &raw_; }

 private:
  std::vector<gantry_kv> headers_;
  gantry_http_request raw_{};
};

// A sink must not throw; what the copy throws waits here until the host has returned.
template <class Raw, class T>
struct Receiver {
  T& value;
  bool got = false;
  std::exception_ptr thrown = nullptr;

  static int32_t Take(void* ctx, const Raw* raw) noexcept {
    auto* self = static_cast<Receiver*>(ctx);
    try {
      self->Copy(*raw);
      self->got = true;
    } catch (...) {
      self->thrown = std::current_exception();
    }
    return 0;
  }

  Status Finish(gantry_code code, const char* what) const {
    if (thrown) std::rethrow_exception(thrown);
    if (code != GANTRY_OK) return FromHost(code);
    if (!got)
      return MakeError(GANTRY_INTERNAL, "INTERNAL", std::string("the host gave no ") + what);
    return Ok();
  }

 private:
  void Copy(const Raw& raw);
};

template <>
void Receiver<gantry_http_response, HttpResponse>::Copy(const gantry_http_response& raw) {
  value.status = raw.status;
  value.body = View(raw.body);
  value.headers.clear();
  for (size_t i = 0; i < raw.header_count; ++i) {
    value.headers.emplace_back(View(raw.headers[i].key), View(raw.headers[i].value));
  }
}

template <>
void Receiver<gantry_str, Secret>::Copy(const gantry_str& raw) {
  value = Secret(View(raw));
}

template <>
void Receiver<gantry_image, Image>::Copy(const gantry_image& raw) {
  value = Image::From(raw);
}

}  // namespace

void Call::Log(int32_t level, std::string_view message) const noexcept {
  host_.log(host_.ctx, raw_, level, Str(message), nullptr, 0);
}

Status Call::Check() const {
  if (remaining_ms() > 0) return Ok();
  return MakeError(GANTRY_DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", "the call's time is up");
}

Status Call::Http(const HttpRequest& request, HttpResponse& response) const {
  const RawRequest raw(request);
  Receiver<gantry_http_response, HttpResponse> receiver{response};
  return receiver.Finish(host_.http(host_.ctx, raw_, raw.get(), {&receiver, receiver.Take}),
                         "response");
}

Status Call::Registry(const Target& target, uint32_t actions, const HttpRequest& request,
                      HttpResponse& response) const {
  const gantry_target raw_target = target.Raw();
  const RawRequest raw(request);
  Receiver<gantry_http_response, HttpResponse> receiver{response};
  return receiver.Finish(
      host_.registry(host_.ctx, raw_, &raw_target, actions, raw.get(), {&receiver, receiver.Take}),
      "response");
}

Status Call::ReadSecret(std::string_view name, Secret& secret) const {
  Receiver<gantry_str, Secret> receiver{secret};
  return receiver.Finish(host_.secret(host_.ctx, raw_, Str(name), {&receiver, receiver.Take}),
                         "secret");
}

Status Call::ReadEnvironment(std::string_view name, std::string& value) const {
  Secret read;
  Receiver<gantry_str, Secret> receiver{read};
  const gantry_code code = host_.local(host_.ctx, raw_, GANTRY_LOCAL_ENVIRONMENT, Str(name),
                                       {&receiver, receiver.Take});
  value.clear();
  if (code == GANTRY_NOT_FOUND) return Ok();
  GANTRY_FLAVOR_TRY(receiver.Finish(code, "variable"));
  value = read.Reveal();
  return Ok();
}

Status Call::ReadFile(std::string_view path, Secret& content) const {
  Receiver<gantry_str, Secret> receiver{content};
  return receiver.Finish(host_.local(host_.ctx, raw_, GANTRY_LOCAL_FILE, Str(path),
                                     {&receiver, receiver.Take}),
                         "file");
}

Status Call::Wait(int64_t milliseconds) const {
  const gantry_code code = host_.wait(host_.ctx, raw_, milliseconds);
  return code == GANTRY_OK ? Ok() : FromHost(code);
}

Status Call::Push(const Plan& plan, Image& image) const {
  const RawPlan raw(plan);
  Receiver<gantry_image, Image> receiver{image};
  return receiver.Finish(host_.push(host_.ctx, raw_, raw.get(), {&receiver, receiver.Take}),
                         "image");
}

gantry_code Call::Fail(const Status& status) const noexcept {
  if (status.host_said_why) return status.code;
  std::array<gantry_kv, 16> metadata;
  size_t count = 0;
  if (!status.remedy.empty()) metadata[count++] = {Str("remedy"), Str(status.remedy)};
  for (const auto& [key, value] : status.metadata) {
    if (count < metadata.size()) metadata[count++] = {Str(key), Str(value)};
  }
  const gantry_error raw{sizeof raw,      status.code, Str(status.reason),   Str(status.message),
                         metadata.data(), count,       status.retry_after_ms};
  return host_.fail(host_.ctx, raw_, &raw);
}

gantry_code Call::Fail(gantry_code code, std::string_view reason,
                       std::string_view message) const noexcept {
  const gantry_error raw{sizeof raw, code, Str(reason), Str(message), nullptr, 0, -1};
  return host_.fail(host_.ctx, raw_, &raw);
}

}  // namespace gantry::sdk

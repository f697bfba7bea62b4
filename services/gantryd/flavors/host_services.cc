#include "gantryd/flavors/host_services.h"

#include <absl/cleanup/cleanup.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "base/guard.h"
#include "base/status.h"
#include "gantryd/flavors/abi_copy.h"
#include "gantryd/flavors/flavor_call.h"
#include "gantryd/flavors/flavor_error.h"
#include "gantryd/flavors/flavor_http.h"

namespace gantry {
namespace {

using Rights = gantry_call::Rights;

HostServices& Self(void* ctx) { return *static_cast<HostServices*>(ctx); }

// One service: its failure stays in the call, the code goes to the flavor.
template <class Work>
gantry_code Serve(gantry_call* call, Work&& work) {
  if (call == nullptr) return GANTRY_INTERNAL;
  const absl::Status status = Guard([&]() -> absl::Status { return work(*call); });
  if (!status.ok()) call->SetError(status);
  return CodeOf(status);
}

absl::Status Enter(const HostServices& self, const gantry_call& call, Rights needed,
                   std::string_view service, bool has_sink) {
  GANTRY_RETURN_IF_ERROR(call.context().Check());
  if (!call.May(needed)) {
    return Misbehaved(self.flavor(), call.operation(),
                      fmt::format("asked the host for \"{}\"", service));
  }
  if (!has_sink) {
    return Misbehaved(self.flavor(), call.operation(),
                      fmt::format("called {} without a sink", service));
  }
  return absl::OkStatus();
}

spdlog::level::level_enum SpdlogLevel(int32_t level) {
  switch (level) {
    case GANTRY_DEBUG:
      return spdlog::level::debug;
    case GANTRY_INFO:
      return spdlog::level::info;
    case GANTRY_WARN:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

void Deliver(const HttpResponse& response, gantry_http_response_sink sink) {
  std::vector<gantry_kv> headers;
  for (const auto& [name, value] : response.headers) {
    headers.push_back({ToRaw(name), ToRaw(value)});
  }
  const gantry_http_response raw{sizeof raw, response.status, ToRaw(response.body), headers.data(),
                                 headers.size()};
  sink.put(sink.ctx, &raw);
}

}  // namespace

HostServices::HostServices(std::string flavor, const Clock& clock, InstanceHost* instance)
    : flavor_(std::move(flavor)),
      clock_(clock),
      instance_(instance),
      table_{.struct_size = sizeof(gantry_host),
             .abi_minor = GANTRY_ABI_MINOR,
             .ctx = this,
             .log = Log,
             .now_unix_ms = NowUnixMs,
             .remaining_ms = RemainingMs,
             .fail = Fail,
             .http = Http,
             .registry = Registry,
             .secret = ReadSecret,
             .push = Push,
             .local = Local,
             .wait = Wait} {}

void HostServices::Log(void* ctx, const gantry_call* call, int32_t level, gantry_str message,
                       const gantry_kv* fields, size_t field_count) noexcept {
  const spdlog::level::level_enum spdlog_level = SpdlogLevel(level);
  if (call != nullptr && spdlog_level == spdlog::level::warn) {
    call->NoteWarning(CopyProse(message, 2048));
  }
  if (!spdlog::should_log(spdlog_level)) return;
  std::string line = CopyProse(message, 2048);
  for (size_t i = 0; fields != nullptr && i < std::min<size_t>(field_count, 16); ++i) {
    line += fmt::format(" {}={}", CopyProse(fields[i].key, 64), CopyProse(fields[i].value, 256));
  }
  spdlog::log(spdlog_level, "[{}] flavor {}: {}",
              call == nullptr ? "-" : call->context().request_id(), Self(ctx).flavor_, line);
}

int64_t HostServices::NowUnixMs(void* ctx) noexcept {
  const auto now = Self(ctx).clock_.Now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count();
}

int64_t HostServices::RemainingMs(void*, const gantry_call* call) noexcept {
  if (call == nullptr || !call->context().Check().ok()) return 0;
  // Rounded up: 0 means that the deadline has passed.
  return std::max<int64_t>(call->context().Remaining().count(), 1);
}

gantry_code HostServices::Fail(void* ctx, gantry_call* call, const gantry_error* error) noexcept {
  return Serve(call, [&](gantry_call& c) {
    const std::string& flavor = Self(ctx).flavor_;
    return error == nullptr ? Misbehaved(flavor, c.operation(), "failed without an error")
                            : ErrorFromFlavor(*error, flavor, c.operation());
  });
}

gantry_code HostServices::Http(void* ctx, gantry_call* call, const gantry_http_request* request,
                               gantry_http_response_sink sink) noexcept {
  return Serve(call, [&](gantry_call& c) { return Self(ctx).DoHttp(c, request, sink); });
}

gantry_code HostServices::Registry(void* ctx, gantry_call* call, const gantry_target* target,
                                   uint32_t actions, const gantry_http_request* request,
                                   gantry_http_response_sink sink) noexcept {
  return Serve(call, [&](gantry_call& c) {
    return Self(ctx).DoRegistry(c, target, actions, request, sink);
  });
}

gantry_code HostServices::ReadSecret(void* ctx, gantry_call* call, gantry_str name,
                                     gantry_str_sink sink) noexcept {
  return Serve(call, [&](gantry_call& c) { return Self(ctx).DoSecret(c, name, sink); });
}

gantry_code HostServices::Local(void* ctx, gantry_call* call, int32_t kind, gantry_str name,
                                gantry_str_sink sink) noexcept {
  return Serve(call, [&](gantry_call& c) { return Self(ctx).DoLocal(c, kind, name, sink); });
}

gantry_code HostServices::Push(void* ctx, gantry_call* call, const gantry_push_plan* plan,
                               gantry_image_sink sink) noexcept {
  return Serve(call, [&](gantry_call& c) { return Self(ctx).DoPush(c, plan, sink); });
}

gantry_code HostServices::Wait(void* ctx, gantry_call* call, int64_t duration_ms) noexcept {
  return Serve(call, [&](gantry_call& c) { return Self(ctx).DoWait(c, duration_ms); });
}

absl::Status HostServices::DoHttp(gantry_call& call, const gantry_http_request* request,
                                  gantry_http_response_sink sink) {
  GANTRY_RETURN_IF_ERROR(Enter(*this, call, Rights::kNetwork, "http", sink.put != nullptr));
  GANTRY_ASSIGN_OR_RETURN(const FlavorRequest copied, FlavorRequest::From(request));
  if (copied.metadata && instance_->local_identity() == nullptr) return ImplicitLoginNotAllowed();
  GANTRY_ASSIGN_OR_RETURN(HttpResponse response, SendForFlavor(*instance_, call.context(), copied));
  Deliver(response, sink);
  if (copied.secret_body) WipeString(response.body);
  return absl::OkStatus();
}

absl::Status HostServices::DoRegistry(gantry_call& call, const gantry_target* target,
                                      uint32_t actions, const gantry_http_request* request,
                                      gantry_http_response_sink sink) {
  GANTRY_RETURN_IF_ERROR(Enter(*this, call, Rights::kNetwork, "registry", sink.put != nullptr));
  GANTRY_ASSIGN_OR_RETURN(FlavorRequest copied, FlavorRequest::From(request));
  // A path, so that no request with the registry's credential can leave the registry's host.
  if (copied.url[0] != '/' || copied.url.compare(0, 2, "//") == 0) {
    return Misbehaved(flavor_, call.operation(), "asked the registry for what is no path");
  }
  Target wanted;
  std::string fault;
  if (target == nullptr || target->struct_size < sizeof *target) {
    fault = "called registry without a target";
  } else if (CopyText(target->registry_host, 512, "registry host", &wanted.registry_host, &fault) &&
             CopyText(target->repository, 512, "repository", &wanted.repository, &fault) &&
             CopyText(target->tag, 512, "tag", &wanted.tag, &fault)) {
    CopyText(target->digest, 512, "digest", &wanted.digest, &fault);
  }
  if (fault.empty() && !call.registry_host.empty() && wanted.registry_host != call.registry_host) {
    fault = fmt::format("asked {} although it works for {}", Excerpt(wanted.registry_host, 100),
                        call.registry_host);
  }
  if (!fault.empty()) return Misbehaved(flavor_, call.operation(), fault);

  RegistryRequest sent;
  sent.method = copied.method;
  sent.path = copied.url;
  sent.headers = copied.headers;
  sent.body = copied.body;
  sent.max_body_bytes = kMaxRegistryBodyBytes;
  sent.repository = wanted.repository;
  sent.actions = {.pull = (actions & GANTRY_PULL) != 0,
                  .push = (actions & GANTRY_PUSH) != 0,
                  .remove = (actions & GANTRY_DELETE) != 0};
  GANTRY_ASSIGN_OR_RETURN(const HttpResponse response,
                          SendWithRetry(call.context(), copied.idempotent, [&] {
                            return instance_->Registry(call.context(), wanted, sent.actions, sent);
                          }));
  Deliver(response, sink);
  return absl::OkStatus();
}

absl::Status HostServices::DoSecret(gantry_call& call, gantry_str name, gantry_str_sink sink) {
  GANTRY_RETURN_IF_ERROR(Enter(*this, call, Rights::kSecrets, "secret", sink.put != nullptr));
  std::string key, fault;
  if (!CopyText(name, 128, "secret's name", &key, &fault)) {
    return Misbehaved(flavor_, call.operation(), fault);
  }
  GANTRY_ASSIGN_OR_RETURN(const Secret secret, instance_->GetSecret(key));
  const gantry_str raw = ToRaw(secret.Reveal());
  sink.put(sink.ctx, &raw);
  return absl::OkStatus();
}

absl::Status HostServices::DoLocal(gantry_call& call, int32_t kind, gantry_str name,
                                   gantry_str_sink sink) {
  GANTRY_RETURN_IF_ERROR(Enter(*this, call, Rights::kNetwork, "local", sink.put != nullptr));
  std::string key, fault;
  if (!CopyText(name, 4096, "local name", &key, &fault)) {
    return Misbehaved(flavor_, call.operation(), fault);
  }
  LocalIdentity* const local = instance_->local_identity();
  if (local == nullptr) return ImplicitLoginNotAllowed();
  if (kind != GANTRY_LOCAL_ENVIRONMENT && kind != GANTRY_LOCAL_FILE) {
    return Misbehaved(flavor_, call.operation(), "asked for something local of an unknown kind");
  }
  GANTRY_ASSIGN_OR_RETURN(const Secret found, kind == GANTRY_LOCAL_FILE
                                                  ? local->ReadFile(key)
                                                  : local->ReadEnvironment(key));
  const gantry_str raw = ToRaw(found.Reveal());
  sink.put(sink.ctx, &raw);
  return absl::OkStatus();
}

absl::Status HostServices::DoPush(gantry_call& call, const gantry_push_plan* plan,
                                  gantry_image_sink sink) {
  GANTRY_RETURN_IF_ERROR(Enter(*this, call, Rights::kPush, "push", sink.put != nullptr));
  FlavorPlan copied;
  std::string fault = "called push without a plan";
  if (plan == nullptr || !CopyPlan(*plan, call.registry_host, &copied, &fault)) {
    return Misbehaved(flavor_, call.operation(), fault);
  }
  if (call.pushing.exchange(true)) {
    return Misbehaved(flavor_, call.operation(), "pushed twice at the same time");
  }
  const absl::Cleanup over = [&] { call.pushing = false; };
  GANTRY_ASSIGN_OR_RETURN(const PushedImage pushed, call.job->Run(call.context(), copied));
  call.SetPushed(pushed);

  const std::string uri = call.job->Uri(copied);
  std::vector<gantry_str> tags;
  for (const std::string& tag : pushed.tags) tags.push_back(ToRaw(tag));
  const gantry_image raw{
      sizeof raw,  ToRaw(uri),  ToRaw(pushed.digest.text()), ToRaw(pushed.media_type),
      tags.data(), tags.size(), pushed.size_bytes,           NowUnixMs(this)};
  sink.put(sink.ctx, &raw);
  return absl::OkStatus();
}

absl::Status HostServices::DoWait(gantry_call& call, int64_t duration_ms) {
  GANTRY_RETURN_IF_ERROR(Enter(*this, call, Rights::kNetwork, "wait", true));
  return call.context().Sleep(milliseconds(std::max<int64_t>(duration_ms, 0)));
}

}  // namespace gantry

#include "gantryd/rpc/grpc_log.h"

#include <grpc/support/log.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace gantry {
namespace {

constexpr int64_t kPerMinute = 10;

void Log(gpr_log_func_args* args) {
  static GrpcLogLimit limit;
  const auto level =
      args->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;
  if (!spdlog::should_log(level)) return;
  const auto [write, withheld] = limit.OnMessage(std::chrono::steady_clock::now());
  if (withheld > 0) spdlog::log(level, "grpc: {} more messages were withheld", withheld);
  if (write) spdlog::log(level, "grpc: {}", args->message);
}

}  // namespace

GrpcLogLimit::Verdict GrpcLogLimit::OnMessage(MonoTime now) {
  std::lock_guard lock(mu_);
  Verdict verdict;
  if (messages_ == 0 || now - minute_ >= std::chrono::minutes(1)) {
    verdict.withheld = std::max<int64_t>(messages_ - kPerMinute, 0);
    minute_ = now;
    messages_ = 0;
  }
  verdict.write = ++messages_ <= kPerMinute;
  return verdict;
}

void SendGrpcLogToSpdlog() { gpr_set_log_function(&Log); }

}  // namespace gantry

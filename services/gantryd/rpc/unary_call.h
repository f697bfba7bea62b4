// One unary RPC: runs its work on an executor and finishes exactly once.
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "base/guard.h"
#include "gantryd/rpc/call_host.h"
#include "gantryd/rpc/status.h"

namespace gantry {

// Deletes itself when gRPC is done with it.  The work is refused when the daemon drains or the
// queue is full, and not begun when its deadline has passed meanwhile.
template <class Request, class Response>
class UnaryCall final : public grpc::ServerUnaryReactor {
 public:
  using Work = absl::AnyInvocable<absl::StatusOr<Response>(CallContext&, const Request&)>;

  static grpc::ServerUnaryReactor* Start(CallHost& host, const Lane& lane,
                                         grpc::CallbackServerContext* rpc, const char* method,
                                         const Request* request, Response* response, Work work) {
    auto* call = new UnaryCall(host, rpc, method, lane.ceiling, request, response, std::move(work));
    if (absl::Status s = host.Admit(); !s.ok()) {
      call->Complete(s);
    } else if (!lane.executor.TryPost([call] { call->Run(); })) {
      call->Complete(Overloaded());
    }
    return call;
  }

 private:
  UnaryCall(CallHost& host, grpc::CallbackServerContext* rpc, const char* method,
            milliseconds ceiling, const Request* request, Response* response, Work work)
      : host_(host),
        rpc_(rpc),
        method_(method),
        started_(host.clock.Mono()),
        context_(host.NewContext(*rpc, ceiling)),
        request_(request),
        response_(response),
        work_(std::move(work)) {}

  void Run() {
    Complete(Guard([this]() -> absl::Status {
      GANTRY_RETURN_IF_ERROR(context_->Check());
      GANTRY_ASSIGN_OR_RETURN(*response_, work_(*context_, *request_));
      return absl::OkStatus();
    }));
  }

  void Complete(const absl::Status& status) {
    host_.Log(*rpc_, *context_, method_, status, started_);
    Finish(ToGrpc(status, context_->request_id()));  // `this` may be gone from here on
  }

  void OnCancel() override { context_->RequestStop(); }
  void OnDone() override { delete this; }

  CallHost& host_;
  grpc::CallbackServerContext* const rpc_;
  const char* const method_;
  const MonoTime started_;
  const std::unique_ptr<CallContext> context_;
  const Request* const request_;
  Response* const response_;
  Work work_;
};

// `method` is the RPC's name in the log, "ContainerRegistry/GetRegistry"; `work(CallContext&, const
// Request&)` gives a StatusOr<Response>.
template <class Request, class Response, class Work>
grpc::ServerUnaryReactor* StartUnary(CallHost& host, const Lane& lane,
                                     grpc::CallbackServerContext* rpc, const char* method,
                                     const Request* request, Response* response, Work&& work) {
  return UnaryCall<Request, Response>::Start(host, lane, rpc, method, request, response,
                                             std::forward<Work>(work));
}

}  // namespace gantry

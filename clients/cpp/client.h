// A client of gantryd: one channel, deadlines, and repeats where the daemon says they help.
#pragma once

#include <absl/status/statusor.h>
#include <gantry/v1/container_registry.grpc.pb.h>
#include <gantry/v1/service_connector.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <type_traits>

#include "base/status.h"
#include "clients/cpp/error.h"

namespace gantry::client {

struct ClientOptions {
  std::string address = "127.0.0.1:7460";     // "host:port" or "unix:/path"
  std::chrono::milliseconds timeout{60'000};  // of one call, with its repeats
  int max_attempts = 4;                       // of one call
  std::stop_token stop;                       // cancels what runs
};

// Thread-safe.  Copies share the channel.
class Client {
 public:
  explicit Client(ClientOptions options);

  // Calls `method` of either service and repeats it while the daemon answers UNAVAILABLE, after the
  // wait its RetryInfo asks for:
  //   client.Call(&ContainerRegistry::Stub::GetRegistry, request)
  // Only for methods that may be repeated: reads, and writes with a request_id.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) const {
    Response response;
    const absl::Status status = Repeat([&](grpc::ClientContext& context) {
      return (StubOf<Stub>().*method)(&context, request, &response);
    });
    if (!status.ok()) return status;
    return response;
  }

  // As Call, for a List method: follows it to its last page and gives all of them as one answer.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> CallAll(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                   Request request) const {
    Response all;
    for (;;) {
      GANTRY_ASSIGN_OR_RETURN(const Response page, Call(method, request));
      all.MergeFrom(page);
      if constexpr (requires { page.next_page_token(); }) {
        if (!page.next_page_token().empty()) {
          request.set_page_token(page.next_page_token());
          continue;
        }
        all.clear_next_page_token();
      }
      return all;
    }
  }

  v1::ContainerRegistry::Stub& registry() const { return *registry_; }
  const ClientOptions& options() const { return options_; }

  // An error of gRPC's own in words that say what to do; the daemon's as they are.
  absl::Status Explain(const absl::Status& status) const;

  // Waits before another attempt; false when there is to be none: not worth it, attempts used up,
  // or no time left.
  bool WaitToRepeat(const absl::Status& status, int attempt,
                    std::chrono::steady_clock::time_point deadline) const;

 private:
  template <class Stub>
  Stub& StubOf() const {
    if constexpr (std::is_same_v<Stub, v1::ContainerRegistry::Stub>) {
      return *registry_;
    } else {
      return *connectors_;
    }
  }
  absl::Status Repeat(const std::function<grpc::Status(grpc::ClientContext&)>& attempt) const;

  ClientOptions options_;
  std::shared_ptr<v1::ContainerRegistry::Stub> registry_;
  std::shared_ptr<v1::ServiceConnectors::Stub> connectors_;
};

}  // namespace gantry::client

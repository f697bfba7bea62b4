#include "gantryd/rpc/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"
#include "gantryd/rpc/connector_service.h"
#include "gantryd/rpc/grpc_log.h"
#include "gantryd/rpc/registry_service.h"

namespace gantry {
namespace {

constexpr std::chrono::seconds kLocal{60};
constexpr std::chrono::seconds kRemote{120};  // may ask the registry several times
constexpr std::string_view kUnix = "unix:";

Error CannotListen(const std::string& address) {
  return InvalidArgument(reason::kInvalidArgument, "cannot listen on {}", address)
      .Remedy("another gantryd may have the address: stop it, or choose another with --listen");
}

// gRPC replaces a socket file whether or not a server still answers there.
bool SomebodyListens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool HasIpv6Loopback() {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// What to bind for an address.  gRPC is content when one of a name's addresses could be bound, so
// that two daemons could share "localhost", and each of its clients find one or the other.  Where any
// port will do, the name is left at one address.
std::vector<std::string> AddressesOf(const std::string& address) {
  const std::string port = address.substr(address.rfind(':') + 1);
  const char first = address.front();
  if (first == '[' || (first >= '0' && first <= '9')) return {address};
  std::vector<std::string> addresses = {"127.0.0.1:" + port};
  if (port != "0" && HasIpv6Loopback()) addresses.push_back("[::1]:" + port);
  return addresses;
}

class GrpcServer final : public RpcServer {
 public:
  explicit GrpcServer(const ServerParts& parts)
      : host_{parts.clock, {parts.local, kLocal}, {parts.remote, kRemote}, parts.pushes},
        registries_(host_, parts.flavors, parts.registries, parts.images, parts.mint,
                    parts.requests),
        connectors_(host_, parts.connectors, parts.requests) {}

  absl::Status Listen(const std::string& address) {
    const bool is_unix = address.rfind(kUnix, 0) == 0;
    if (is_unix && SomebodyListens(address.substr(kUnix.size()))) return CannotListen(address);
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // No MAX_CONNECTION_AGE: a push may last for hours, and is its connection's only call.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 30'000);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 << 10);
    const auto bound = is_unix ? std::vector{address} : AddressesOf(address);
    std::vector<int> ports(bound.size());
    for (size_t i = 0; i < bound.size(); ++i) {
      builder.AddListeningPort(bound[i], grpc::InsecureServerCredentials(), &ports[i]);
    }
    builder.RegisterService(&registries_);
    builder.RegisterService(&connectors_);
    server_ = builder.BuildAndStart();
    const bool all = std::count(ports.begin(), ports.end(), 0) == 0;
    if (!server_ || (!all && !is_unix)) return CannotListen(address);
    const std::string& shown = bound.front();
    address_ = is_unix ? shown : shown.substr(0, shown.rfind(':') + 1) + std::to_string(ports[0]);
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }

  void SetServing(bool serving) override {
    server_->GetHealthCheckService()->SetServingStatus("", serving);
    SetReady(serving);
  }

  void SetReady(bool ready) override {
    for (const char* service :
         {v1::ContainerRegistry::service_full_name(), v1::ServiceConnectors::service_full_name()}) {
      server_->GetHealthCheckService()->SetServingStatus(service, ready);
    }
  }

  void StartDraining() override {
    SetServing(false);
    host_.draining = true;
  }

  void Shutdown(milliseconds timeout) override {
    server_->Shutdown(std::chrono::system_clock::now() + timeout);
  }

 private:
  CallHost host_;
  RegistryService registries_;
  ConnectorService connectors_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const std::string& address,
                                                            const ServerParts& parts) {
  SendGrpcLogToSpdlog();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto server = std::make_unique<GrpcServer>(parts);
  GANTRY_RETURN_IF_ERROR(server->Listen(address));
  server->SetServing(true);
  return server;
}

}  // namespace gantry

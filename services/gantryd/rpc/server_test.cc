// Calls over the wire whose work goes wrong in a way that nobody has foreseen.
#include "gantryd/rpc/server.h"

#include <gantry/v1/container_registry.grpc.pb.h>
#include <gmock/gmock.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <new>

#include "gantryd/registries/manager_test_world.h"

namespace gantry {
namespace {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    w_.Register("r", w_.host);
    auto started = RpcServer::Start(
        "127.0.0.1:0", ServerParts{w_.clock, w_.catalog, w_.registries, connectors_, images_, mint_,
                                   requests_, local_, remote_, pushes_});
    EXPECT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
    stub_ = v1::ContainerRegistry::NewStub(
        grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  }
  ~ServerTest() override { server_->Shutdown(milliseconds(10'000)); }

  FlavorBehaviour& flavor() { return w_.catalog.flavor("default").behaviour; }
  grpc::Status Diagnose() {
    grpc::ClientContext call;
    v1::DiagnoseRegistryRequest request;
    v1::DiagnoseRegistryResponse response;
    request.set_name("r");
    return stub_->DiagnoseRegistry(&call, request, &response);
  }
  grpc::Status Push(const std::string& id = "") {
    grpc::ClientContext call;
    auto stream = stub_->PushImage(&call);
    v1::PushImageRequest request;
    request.mutable_start()->set_registry("r");
    request.mutable_start()->set_pipeline("p");
    request.mutable_start()->set_request_id(id);
    request.mutable_start()->mutable_source()->set_reference(w_.host + "/app:1");
    stream->Write(request);
    v1::PushImageResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }
  static void ExpectInternal(const grpc::Status& status, const std::string& what) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL) << status.error_message();
    EXPECT_THAT(status.error_message(), ::testing::HasSubstr(what));
    google::rpc::Status rich;
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(rich.ParseFromString(status.error_details()));
    ASSERT_TRUE(rich.details(0).UnpackTo(&info));
    EXPECT_EQ(info.reason(), "INTERNAL");
    EXPECT_THAT(status.error_message(), ::testing::Not(::testing::HasSubstr("s3cret")));
  }

  TestWorld w_;
  MemoryLayerCache layers_;
  PushEngine engine_{layers_};
  ConnectorManager connectors_{w_.store, w_.catalog, w_.pool, w_.clock};
  ImageManager images_{w_.pool, engine_, w_.http, SourcePolicy{}};
  CredentialMint mint_{w_.pool, {}};
  RequestLog requests_{w_.store};
  Executor local_{"local", 1, 4}, remote_{"remote", 1, 4}, pushes_{"push", 1, 4};
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<v1::ContainerRegistry::Stub> stub_;
};

TEST_F(ServerTest, WhatACallThrowsEndsThatCallAlone) {
  std::atomic<int> left = 1;
  flavor().diagnose = [&left](const CallContext&, InstanceHost&,
                              const Target&) -> absl::StatusOr<std::vector<Finding>> {
    if (left-- > 0) throw std::runtime_error("about s3cret");
    return std::vector<Finding>();
  };
  ExpectInternal(Diagnose(), "std::runtime_error");
  EXPECT_TRUE(Diagnose().ok());
}

TEST_F(ServerTest, WhatAPushThrowsEndsThatPushAlone) {
  std::atomic<int> left = 3;
  flavor().prepare = [&left](const Target& target) -> absl::StatusOr<FlavorPlan> {
    if (left-- > 0) throw std::bad_alloc();
    FlavorPlan plan;
    plan.target = target;
    return plan;
  };
  for (const char* id : {"", "mine", "mine"}) ExpectInternal(Push(id), "std::bad_alloc");
  EXPECT_EQ(Push().error_code(), grpc::StatusCode::NOT_FOUND) << "there is no such image";
}

}  // namespace
}  // namespace gantry

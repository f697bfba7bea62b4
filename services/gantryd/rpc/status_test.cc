// Errors as a client sees them.
#include "gantryd/rpc/status.h"

#include <gmock/gmock.h>
#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

google::rpc::Status Rich(const grpc::Status& status) {
  google::rpc::Status rich;
  EXPECT_TRUE(rich.ParseFromString(status.error_details()));
  EXPECT_EQ(rich.code(), status.error_code());
  EXPECT_EQ(rich.message(), status.error_message());
  return rich;
}

template <class Detail>
Detail Get(const google::rpc::Status& rich, int index) {
  Detail detail;
  EXPECT_LT(index, rich.details_size());
  if (index < rich.details_size()) {
    EXPECT_TRUE(rich.details(index).UnpackTo(&detail));
  }
  return detail;
}

TEST(RpcStatus, CarriesReasonRemedyAndMetadata) {
  const absl::Status s = NotFound(reason::kImageNotFound, "no such image")
                             .With("image", "a:1")
                             .Remedy("list what is there");
  const auto rich = Rich(ToGrpc(s, "request-7"));
  EXPECT_EQ(rich.code(), 5);
  ASSERT_EQ(rich.details_size(), 1);
  const auto info = Get<google::rpc::ErrorInfo>(rich, 0);
  EXPECT_EQ(info.domain(), "gantry");
  EXPECT_EQ(info.reason(), "IMAGE_NOT_FOUND");
  EXPECT_EQ(info.metadata().at("image"), "a:1");
  EXPECT_EQ(info.metadata().at("remedy"), "list what is there");
  EXPECT_EQ(info.metadata().at("requestId"), "request-7");
}

TEST(RpcStatus, SaysWhenToTryAgain) {
  const absl::Status s =
      Unavailable(reason::kUpstreamThrottled, "wait").RetryAfter(std::chrono::milliseconds(2'500));
  const auto retry = Get<google::rpc::RetryInfo>(Rich(ToGrpc(s, "r")), 1).retry_delay();
  EXPECT_EQ(retry.seconds(), 2);
  EXPECT_EQ(retry.nanos(), 500'000'000);
}

TEST(RpcStatus, NamesTheFieldsThatAreWrong) {
  const auto rich = Rich(ToGrpc(InvalidField("name", "is empty"), "r"));
  const auto bad = Get<google::rpc::BadRequest>(rich, 1);
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "name");
  EXPECT_THAT(bad.field_violations(0).description(), HasSubstr("is empty"));
}

TEST(RpcStatus, AnErrorWithoutAReasonIsADefect) {
  const auto rich = Rich(ToGrpc(absl::InternalError("oops"), "r"));
  EXPECT_EQ(rich.code(), static_cast<int>(absl::StatusCode::kInternal));
  EXPECT_EQ(Get<google::rpc::ErrorInfo>(rich, 0).reason(), reason::kInternal);
}

// Longer details reach no client: gRPC replaces such an error by one that says nothing.
TEST(RpcStatus, StaysSmallAndUtf8WhateverTheErrorHolds) {
  const std::string flood(100'000, '\xC3');
  auto error = PermissionDenied(reason::kUpstreamDenied, "{}", flood);
  error.Remedy("{}", flood).RetryAfter(std::chrono::milliseconds(1));
  for (int i = 0; i < 100; ++i) error.With("key" + std::to_string(i), flood);
  const grpc::Status status = ToGrpc(error, flood);
  EXPECT_LT(status.error_details().size(), 4096u);
  const auto rich = Rich(status);
  EXPECT_EQ(ScrubUtf8(rich.message()), rich.message());
  EXPECT_EQ(Get<google::rpc::ErrorInfo>(rich, 0).reason(), reason::kUpstreamDenied);
}

TEST(RpcStatus, OkIsOk) { EXPECT_TRUE(ToGrpc(absl::OkStatus(), "r").ok()); }

}  // namespace
}  // namespace gantry

// Idempotency on the real store: a repeat while the first call runs, after it, by somebody else.
#include "gantryd/request_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "store/test_state_dir.h"
#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using absl::StatusCode;
using Answer = absl::StatusOr<std::string>;

class RequestLogTest : public ::testing::Test {
 protected:
  Answer Once(const std::string& id, const std::string& body, const Answer& answer = "answer") {
    return log_->Once(id, "Method", body, [&] {
      ++runs_;
      return answer;
    });
  }
  void Restart() {
    log_.reset();
    store_.reset();
    store_ = *dir_.Open(clock_);
    log_.emplace(*store_);
  }

  StateDir dir_;
  ManualClock clock_;
  std::unique_ptr<Store> store_ = *dir_.Open(clock_);
  std::optional<RequestLog> log_{std::in_place, *store_};
  int runs_ = 0;
};

TEST_F(RequestLogTest, ARepeatGetsTheFirstAnswerAlsoAfterARestart) {
  EXPECT_EQ(*Once("id", "body", "first"), "first");
  EXPECT_EQ(*Once("id", "body", "second"), "first");
  Restart();
  EXPECT_EQ(*Once("id", "body", "third"), "first");
  EXPECT_EQ(runs_, 1);
}

TEST_F(RequestLogTest, WhatAKilledDaemonHadDoneIsNotDoneAgain) {
  const auto repeat = [&](const std::string& id, std::optional<std::string> known) {
    store_->BeginRequest(id, "Method", "body").value();
    Restart();
    return log_->Once(
        id, "Method", "body",
        [&]() -> Answer {
          ++runs_;
          return "done now";
        },
        [&](WallTime begun) {
          EXPECT_EQ(begun, clock_.Now());
          return known;
        });
  };
  EXPECT_EQ(*repeat("done", "done before"), "done before");
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(*Once("done", "body"), "done before") << "and noted";
  EXPECT_EQ(*repeat("begun", std::nullopt), "done now");
  EXPECT_EQ(runs_, 1);
}

TEST_F(RequestLogTest, WithoutAnIdEveryCallRuns) {
  EXPECT_EQ(*Once("", "body", "first"), "first");
  EXPECT_EQ(*Once("", "body", "second"), "second");
}

TEST_F(RequestLogTest, AnIdWhoseCallThrewIsFreeAgain) {
  const auto thrown =
      log_->Once("id", "Method", "body", []() -> Answer { throw std::runtime_error("x"); });
  EXPECT_THAT(thrown.status(), FailsWith(StatusCode::kInternal, reason::kInternal));
  EXPECT_EQ(*Once("id", "body", "answer"), "answer");
}

TEST_F(RequestLogTest, ARepeatWhileTheFirstCallRunsIsToldToAskAgain) {
  const Answer first = log_->Once("id", "Method", "body", [&]() -> Answer {
    const absl::Status repeat = Once("id", "body").status();
    EXPECT_THAT(repeat, FailsWith(StatusCode::kAborted, reason::kRequestInProgress));
    EXPECT_TRUE(DetailOf(repeat).retry_after.has_value());
    return "answer";
  });
  EXPECT_EQ(*first, "answer");
  EXPECT_EQ(runs_, 0);
}

TEST_F(RequestLogTest, AnIdBelongsToOneRequest) {
  EXPECT_TRUE(Once("id", "body").ok());
  EXPECT_THAT(Once("id", "other").status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kRequestIdReused));
  EXPECT_THAT(log_->Once("id", "Other", "body", [] { return Answer("x"); }).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kRequestIdReused));
}

TEST_F(RequestLogTest, AFailureIsForgotten) {
  EXPECT_FALSE(Once("id", "body", NotFound(reason::kImageNotFound, "none")).ok());
  EXPECT_EQ(*Once("id", "body"), "answer");
}

TEST_F(RequestLogTest, AnAnswerThatCouldNotBeKeptIsAskedForAgain) {
  std::optional<FullDisk> full;
  const Answer first = log_->Once("id", "Method", "body", [&]() -> Answer {
    full.emplace();
    return "answer";
  });
  EXPECT_EQ(*first, "answer");
  EXPECT_THAT(Once("id", "body").status(), FailsWith(StatusCode::kUnavailable, reason::kStoreFull));
  full.reset();
  EXPECT_EQ(*Once("id", "body", "again"), "again") << "and not that the first call still runs";
}

TEST_F(RequestLogTest, AnIdIsShortAndPrintable) {
  for (const std::string& id : {std::string(129, 'x'), std::string("a b"), std::string("a\n")}) {
    EXPECT_THAT(Once(id, "body").status(),
                FailsWith(StatusCode::kInvalidArgument, reason::kInvalidArgument));
  }
  EXPECT_TRUE(Once(std::string(128, 'x'), "body").ok());
}

}  // namespace
}  // namespace gantry

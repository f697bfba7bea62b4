#include "oci/byte_pipe.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <new>

#include "base/status.h"

namespace gantry {
namespace {

struct BytePipeTest : ::testing::Test {
  const SystemClock clock;
  CallContext call{clock, std::chrono::minutes(1), "test"};
};

TEST_F(BytePipeTest, BytesComeInTheirOrder) {
  std::string sent;
  for (int i = 0; i < 20'000; ++i) sent += std::to_string(i) + ",";
  const auto reader = StreamFrom(call, [&](const CallContext&, ByteWriter& out) -> absl::Status {
    for (size_t at = 0; at < sent.size(); at += 777) {
      GANTRY_RETURN_IF_ERROR(out.Write(std::string_view(sent).substr(at, 777)));
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(*ReadAll(*reader, SIZE_MAX) == sent);
  std::array<char, 1> more;
  EXPECT_EQ(*reader->Read(more), 0u) << "the end stays";
}

TEST_F(BytePipeTest, AnErrorComesAfterTheLastByte) {
  const auto reader = StreamFrom(call, [](const CallContext&, ByteWriter& out) -> absl::Status {
    GANTRY_RETURN_IF_ERROR(out.Write("part"));
    return Unavailable(reason::kUpstreamUnavailable, "gone").Remedy("wait");
  });
  std::array<char, 10> buffer;
  ASSERT_EQ(*reader->Read(buffer), 4u);
  for (int i = 0; i < 2; ++i) {
    const auto end = reader->Read(buffer);
    EXPECT_EQ(end.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(DetailOf(end.status()).remedy, "wait");
  }
}

TEST_F(BytePipeTest, WhatTheProducerThrowsIsItsError) {
  const auto reader = StreamFrom(
      call, [](const CallContext&, ByteWriter&) -> absl::Status { throw std::bad_alloc(); });
  std::array<char, 10> buffer;
  EXPECT_EQ(ReasonOf(reader->Read(buffer).status()), reason::kInternal);
}

TEST_F(BytePipeTest, TheProducerWaitsForTheReader) {
  std::mutex mu;
  std::condition_variable full;
  int64_t written = 0;
  const auto reader = StreamFrom(call, [&](const CallContext&, ByteWriter& out) -> absl::Status {
    const std::string megabyte(1 << 20, 'x');
    for (int i = 0; i < 64; ++i) {
      GANTRY_RETURN_IF_ERROR(out.Write(megabyte));
      std::lock_guard lock(mu);
      ++written;
      full.notify_all();
    }
    return absl::OkStatus();
  });
  std::string buffer(1 << 20, '\0');
  for (int64_t read = 0; read < 64; ++read) {
    {
      std::unique_lock lock(mu);
      full.wait(lock, [&] { return written >= std::min<int64_t>(read + 4, 64); });
      EXPECT_LE(written, read + 4) << "at most 4 MiB ahead";
    }
    size_t got = 0;
    while (got < buffer.size()) got += *reader->Read(std::span(buffer).subspan(got));
  }
  EXPECT_EQ(*reader->Read(buffer), 0u);
}

TEST_F(BytePipeTest, AReaderThatGoesStopsTheProducer) {
  absl::Status ended;
  auto reader = StreamFrom(call, [&](const CallContext&, ByteWriter& out) -> absl::Status {
    absl::Status status;
    while (status.ok()) status = out.Write("xxxxxxxx");
    return ended = status;
  });
  std::array<char, 3> buffer;
  ASSERT_TRUE(reader->Read(buffer).ok());
  reader.reset();
  EXPECT_EQ(ended.code(), absl::StatusCode::kCancelled);
  EXPECT_TRUE(call.Check().ok()) << "the call itself goes on";
}

TEST_F(BytePipeTest, ACallThatEndsWakesBoth) {
  std::atomic<bool> waiting = false;
  const auto reader = StreamFrom(call, [&](const CallContext& inner, ByteWriter&) {
    waiting = true;
    waiting.notify_all();
    return inner.Sleep(std::chrono::seconds(30));
  });
  waiting.wait(false);
  call.RequestStop();
  std::array<char, 3> buffer;
  EXPECT_EQ(reader->Read(buffer).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace gantry

// One line of a registry's script: which requests, and what becomes of them.
//
//   registry.Script(On("PATCH upload").Nth(2).Answer(503, {{"Retry-After", "2"}}));
//   registry.Script(On("PUT upload").ResetAfter(64 << 10));
#pragma once

#include <climits>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "tests/fakes/reply.h"

namespace gantry::fakes {

// A value.  Without more it leaves the first matching request alone.
struct Fault {
  // A request as ScriptedRegistry logs it: "HEAD blob", "POST mount", "PUT tag".
  std::string request;
  int first = 1;  // of the matching requests that no earlier line has taken
  int times = 1;
  int64_t larger_than = -1;  // bytes of the body by its Content-Length; a stream has more than any

  std::function<void()> before;        // runs first, on the connection's thread
  std::optional<Reply> answer;         // instead of the registry's
  std::optional<size_t> after;         // bytes of the body that are read, and no more
  std::function<void(Reply&)> change;  // of the answer, whosever it is
  bool reset = false;                  // the answer is lost in a TCP RST
  bool close = false;                  // the connection ends after the answer

  Fault& Nth(int n) {
    first = n;
    return *this;
  }
  Fault& Times(int n) {
    times = n;
    return *this;
  }
  Fault& Always() { return Times(INT_MAX); }
  Fault& LargerThan(int64_t bytes) {
    larger_than = bytes;
    return *this;
  }

  Fault& Before(std::function<void()> action) {
    before = std::move(action);
    return *this;
  }
  Fault& Answer(int status, Reply::Headers headers = {}, std::string body = "") {
    answer = Reply{status, std::move(headers), std::move(body)};
    return *this;
  }
  // The answer comes when so much of the body has been read.
  Fault& After(size_t bytes) {
    after = bytes;
    return *this;
  }
  // The registry gets so much of the body, and keeps it; then the connection breaks.
  Fault& ResetAfter(size_t bytes) {
    after = bytes;
    reset = true;
    return *this;
  }
  // The connection breaks, and nothing was done.
  Fault& HangUp() { return Answer(0).LoseAnswer(); }
  // The registry does what it was asked to, and nobody hears of it.
  Fault& LoseAnswer() {
    reset = true;
    return *this;
  }
  Fault& Change(std::function<void(Reply&)> edit) {
    change = std::move(edit);
    return *this;
  }
  Fault& ThenClose() {
    close = true;
    return *this;
  }
};

inline Fault On(std::string request) {
  Fault fault;
  fault.request = std::move(request);
  return fault;
}

}  // namespace gantry::fakes

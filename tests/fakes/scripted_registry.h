// A strict registry behind real sockets that misbehaves as its script says.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tests/fakes/fault.h"
#include "tests/fakes/http_server.h"
#include "tests/fakes/strict_registry.h"
#include "tests/fakes/token_desk.h"

namespace gantry::fakes {

// Thread-safe.  `clock` is borrowed; tokens live by it.
class ScriptedRegistry {
 public:
  explicit ScriptedRegistry(const Clock& clock, bool tls = false);

  // The first fault that matches a request is the one that happens to it.
  void Script(Fault fault);
  // From now on a request that comes while `most` others are open is answered with 429.  Each stays
  // open for a moment, unless another comes, so that what is sent at once is open at once.
  void TakeAtOnce(int most);

  std::string host() const { return server_.host(); }
  const std::string& ca_pem() const { return server_.ca_pem(); }
  StrictRegistry& store() { return store_; }
  TokenDesk& desk() { return desk_; }

  // "PATCH upload 202", in the order in which requests were answered; "lost" stands for a reset.
  std::vector<std::string> log() const;
  // The entries of log() that begin so.
  int Count(std::string_view prefix) const;
  // Of each request since TakeAtOnce: how many were open when it had come, with itself.
  std::vector<int> at_once() const;

 private:
  // Whether there is room for one more, until Leave().
  bool Enter();
  void Leave();
  void Handle(const Request& request, Exchange& exchange);
  std::optional<Fault> Match(const std::string& kind, int64_t body_size);
  Reply Serve(const Request& request, BodyReader& body);

  StrictRegistry store_;
  TokenDesk desk_;
  mutable std::mutex mu_;
  std::deque<Fault> script_;      // guarded by mu_
  std::vector<std::string> log_;  // guarded by mu_
  std::optional<int> most_;       // guarded by mu_
  int open_ = 0;                  // guarded by mu_
  std::vector<int> at_once_;      // guarded by mu_
  std::condition_variable opened_;
  HttpServer server_;  // the last: its threads use all the others
};

}  // namespace gantry::fakes

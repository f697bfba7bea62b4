// A strict registry behind real sockets that misbehaves as its script says.
#pragma once

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

  std::string host() const { return server_.host(); }
  const std::string& ca_pem() const { return server_.ca_pem(); }
  StrictRegistry& store() { return store_; }
  TokenDesk& desk() { return desk_; }

  // "PATCH upload 202", in the order in which requests were answered; "lost" stands for a reset.
  std::vector<std::string> log() const;
  // The entries of log() that begin so.
  int Count(std::string_view prefix) const;

 private:
  void Handle(const Request& request, Exchange& exchange);
  std::optional<Fault> Match(const std::string& kind, int64_t body_size);
  Reply Serve(const Request& request, BodyReader& body);

  StrictRegistry store_;
  TokenDesk desk_;
  mutable std::mutex mu_;
  std::deque<Fault> script_;      // guarded by mu_
  std::vector<std::string> log_;  // guarded by mu_
  HttpServer server_;             // the last: its threads use all the others
};

}  // namespace gantry::fakes

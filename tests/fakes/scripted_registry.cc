#include "tests/fakes/scripted_registry.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace gantry::fakes {
namespace {

// "POST mount", "PUT tag": what kind of request this is.
std::string KindOf(const Request& request) {
  const auto has = [&](const char* part) { return request.path.find(part) != std::string::npos; };
  const auto kind = [&] {
    if (request.path == "/token") return "token";
    if (has("/blobs/uploads/")) return request.query.count("mount") ? "mount" : "upload";
    if (has("/blobs/")) return "blob";
    if (has("/manifests/sha256:")) return "manifest";
    return has("/manifests/") ? "tag" : "ping";
  };
  return request.method + " " + kind();
}

// A body that may break off.
class BreakableBody final : public BodyReader {
 public:
  BreakableBody(Exchange& exchange, int64_t size, std::optional<size_t> breaks_after)
      : exchange_(exchange), left_(size), breaks_after_(breaks_after) {}
  std::string Read(size_t limit) override {
    if (breaks_after_) limit = std::min(limit, *breaks_after_);
    std::string bytes = exchange_.ReadBody(limit);
    if (breaks_after_) *breaks_after_ -= bytes.size();
    left_ -= static_cast<int64_t>(bytes.size());
    return bytes;
  }
  bool cut() const override { return left_ > 0 || breaks_after_ == 0; }

 private:
  Exchange& exchange_;
  int64_t left_;  // of its Content-Length
  std::optional<size_t> breaks_after_;
};

HttpServer::Options Streaming(bool tls) {
  HttpServer::Options options;
  options.tls = tls;
  options.read_body = false;
  return options;
}

}  // namespace

ScriptedRegistry::ScriptedRegistry(const Clock& clock, bool tls)
    : desk_(clock),
      server_([this](const Request& request, Exchange& exchange) { Handle(request, exchange); },
              Streaming(tls)) {}

void ScriptedRegistry::Script(Fault fault) {
  std::lock_guard lock(mu_);
  script_.push_back(std::move(fault));
}

void ScriptedRegistry::TakeAtOnce(int most) {
  std::lock_guard lock(mu_);
  most_ = most;
}

std::vector<int> ScriptedRegistry::at_once() const {
  std::lock_guard lock(mu_);
  return at_once_;
}

bool ScriptedRegistry::Enter() {
  std::unique_lock lock(mu_);
  const int open = ++open_;
  if (!most_) return true;
  at_once_.push_back(open);
  opened_.notify_all();
  opened_.wait_for(lock, std::chrono::milliseconds(5), [this] { return open_ > *most_; });
  return open <= *most_;
}

void ScriptedRegistry::Leave() {
  std::lock_guard lock(mu_);
  --open_;
}

std::vector<std::string> ScriptedRegistry::log() const {
  std::lock_guard lock(mu_);
  return log_;
}

int ScriptedRegistry::Count(std::string_view prefix) const {
  std::lock_guard lock(mu_);
  return static_cast<int>(std::count_if(log_.begin(), log_.end(), [&](const std::string& line) {
    return line.compare(0, prefix.size(), prefix) == 0;
  }));
}

void ScriptedRegistry::Handle(const Request& request, Exchange& exchange) {
  const std::string kind = KindOf(request);
  const int64_t size = std::strtoll(request.header("content-length").c_str(), nullptr, 10);
  const bool is_stream = request.header("transfer-encoding") == "chunked";
  const Fault fault = Match(kind, is_stream ? INT64_MAX : size).value_or(Fault());
  if (fault.before) fault.before();
  BreakableBody body(exchange, size, fault.after);
  const bool room = Enter();
  Reply reply = fault.answer ? *fault.answer
                : room       ? Serve(request, body)
                             : ErrorReply(429, "TOOMANYREQUESTS");
  while (fault.answer && fault.after && !body.Read(64 << 10).empty()) {
  }
  if (fault.change) fault.change(reply);
  {
    std::lock_guard lock(mu_);
    log_.push_back(kind + " " + (fault.reset ? "lost" : std::to_string(reply.status)));
  }
  Leave();
  if (fault.reset) return exchange.Reset();
  exchange.Reply(reply.status, reply.headers, reply.body);
  if (fault.close) exchange.Close();
}

std::optional<Fault> ScriptedRegistry::Match(const std::string& kind, int64_t body_size) {
  std::lock_guard lock(mu_);
  for (Fault& fault : script_) {
    if (fault.request != kind || fault.times == 0 || body_size <= fault.larger_than) continue;
    if (fault.first > 1) {
      --fault.first;
      continue;
    }
    --fault.times;
    return fault;
  }
  return std::nullopt;
}

Reply ScriptedRegistry::Serve(const Request& request, BodyReader& body) {
  if (request.path == "/token") {
    Request whole = request;
    whole.body = body.Read(64 << 10);
    return desk_.Issue(whole);
  }
  const auto source = request.query.find("from");
  if (auto refusal = desk_.Refuse(request, source == request.query.end() ? "" : source->second)) {
    return *refusal;
  }
  return store_.Serve(request, body);
}

}  // namespace gantry::fakes

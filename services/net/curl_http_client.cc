#include "net/curl_http_client.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "net/curl_http_client_session.h"

namespace gantry {
namespace {

constexpr size_t kMaxIdlePerOrigin = 16;
constexpr size_t kMaxIdle = 256;

// curl's own state, once per process and before any handle.  A TLS connection that the other end has
// closed raises SIGPIPE, which curl leaves to the application.
void InitialiseCurl() {
  static const bool ok = signal(SIGPIPE, SIG_IGN) != SIG_ERR &&
                         curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!ok) std::abort();
}

// Requests of one origin may share a connection only if they trust the same, and may go to the same
// addresses.
std::string OriginOf(const HttpRequest& request) {
  const size_t host = request.url.find("://");
  const size_t end = request.url.find_first_of("/?", host == request.url.npos ? 0 : host + 3);
  const Transport& t = request.transport;
  return fmt::format("{}\n{}{}{}\n{}\n{}\n{}", request.url.substr(0, end), t.skip_tls_verify,
                     request.bypass_proxy, static_cast<int>(request.addresses), t.unix_socket,
                     t.ca_certificate, t.identity ? t.identity->certificate : "");
}

}  // namespace

CurlHttpClient::CurlHttpClient(HttpClientOptions options) : options_(std::move(options)) {
  InitialiseCurl();
}

CurlHttpClient::~CurlHttpClient() = default;

absl::StatusOr<HttpResponse> CurlHttpClient::Do(const CallContext& call,
                                                const HttpRequest& request) {
  if (absl::Status s = call.Check(); !s.ok()) return s;
  const std::string origin = OriginOf(request);
  std::unique_ptr<CurlSession> session = Take(origin);
  auto response = session->Run(call, request, options_);
  if (session->reusable()) Give(origin, std::move(session));
  return response;
}

std::unique_ptr<CurlSession> CurlHttpClient::Take(const std::string& origin) {
  {
    std::lock_guard lock(mu_);
    const auto it = idle_.find(origin);
    if (it != idle_.end()) {
      // The latest is the likeliest to be still open at the other end.
      std::unique_ptr<CurlSession> session = std::move(it->second.back());
      it->second.pop_back();
      if (it->second.empty()) idle_.erase(it);
      --idle_count_;
      return session;
    }
  }
  return std::make_unique<CurlSession>();
}

void CurlHttpClient::Give(const std::string& origin, std::unique_ptr<CurlSession> session) {
  std::vector<std::unique_ptr<CurlSession>> closing;  // outside the lock: closing TLS talks
  std::lock_guard lock(mu_);
  auto& sessions = idle_[origin];
  sessions.push_back(std::move(session));
  ++idle_count_;
  if (sessions.size() > kMaxIdlePerOrigin) {
    closing.push_back(std::move(sessions.front()));
    sessions.erase(sessions.begin());
    --idle_count_;
  }
  if (idle_count_ > kMaxIdle) {
    const auto it = idle_.begin()->first == origin ? std::prev(idle_.end()) : idle_.begin();
    idle_count_ -= it->second.size();
    for (auto& old : it->second) closing.push_back(std::move(old));
    idle_.erase(it);
  }
}

}  // namespace gantry

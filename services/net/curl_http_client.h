// HttpClient over libcurl: the only part of Gantry that knows curl.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "net/connect_to.h"
#include "net/http_client.h"

namespace gantry {

class CurlSession;

// Of the whole daemon.
struct HttpClientOptions {
  std::string user_agent = "gantry/0.1";
  std::vector<ConnectTo> connect_to = {};  // the first that serves a request counts
  std::string ca_certificates = {};        // PEM, trusted for every host beside the system's
};

// Thread-safe.  Keeps a few connections per origin open; a connection serves one request at a time
// and is never shared between different trust settings.
class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(HttpClientOptions options = {});
  ~CurlHttpClient() override;

  absl::StatusOr<HttpResponse> Do(const CallContext& call, const HttpRequest& request) override;

 private:
  std::unique_ptr<CurlSession> Take(const std::string& origin);
  void Give(const std::string& origin, std::unique_ptr<CurlSession> session);

  const HttpClientOptions options_;
  std::mutex mu_;
  // Idle sessions by origin and transport, the most recent last; guarded by mu_.
  std::map<std::string, std::vector<std::unique_ptr<CurlSession>>> idle_;
  size_t idle_count_ = 0;  // guarded by mu_
};

}  // namespace gantry

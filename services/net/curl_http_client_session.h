// One curl handle with its connection, and one request on it.  Private to the curl client.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "net/curl_http_client.h"

namespace gantry {

// A multi handle with one easy handle: the multi handle owns the connection and can be woken up.
// Confined to the thread that runs a request on it.
class CurlSession {
 public:
  CurlSession();
  ~CurlSession();
  CurlSession(const CurlSession&) = delete;
  CurlSession& operator=(const CurlSession&) = delete;

  // As HttpClient::Do.
  absl::StatusOr<HttpResponse> Run(const CallContext& call, const HttpRequest& request,
                                   const HttpClientOptions& options);
  // False after a transfer that was broken off: the connection's state is not known.
  bool reusable() const { return reusable_; }

 private:
  struct Transfer;

  void Configure(const HttpRequest& request, const HttpClientOptions& options, Transfer& transfer);
  void ConfigureBody(const HttpRequest& request, Transfer& transfer);
  void ConfigureTrust(const HttpRequest& request, const HttpClientOptions& options,
                      Transfer& transfer);
  void ConfigureRoute(const HttpRequest& request, const HttpClientOptions& options,
                      Transfer& transfer);
  // As HttpResponse::private_peer.
  bool PeerIsPrivate(const HttpRequest& request) const;
  // OK when curl has finished, well or badly; else why we broke off.
  absl::Status Drive(const CallContext& call, const HttpRequest& request, Transfer& transfer);

  CURLM* multi_;
  CURL* easy_;
  bool reusable_ = true;
};

// What a failed transfer means.  `detail` is curl's own text, or ours; `easy` is the handle when
// curl itself has given up, and tells how far it came.
absl::Status CurlError(CURLcode code, const std::string& detail, const std::string& url,
                       CURL* easy = nullptr);

}  // namespace gantry

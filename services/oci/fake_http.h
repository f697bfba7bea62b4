// For tests: an HttpClient whose server is a function in the same process, so that a test sees
// every request and time can be a ManualClock.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "net/http_client.h"
#include "oci/credential.h"

namespace gantry {

// A request as its server saw it.
struct SeenRequest {
  std::string method, url, body;
  HttpHeaders headers;
  Transport transport;
  AddressPolicy addresses = AddressPolicy::kAny;
  std::optional<int64_t> upload_size;
  bool streamed = false;
  bool secret_body = false;
  milliseconds response_timeout{0};

  std::string authorization() const { return headers.Get("Authorization").value_or(""); }
};

inline HttpResponse Answer(int status, HttpHeaders headers = {}, std::string body = "") {
  HttpResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body = std::move(body);
  return response;
}

inline Transport PlainHttp() {
  Transport transport;
  transport.plain_http = true;
  return transport;
}

// Thread-safe, as far as the server is.
class FakeHttp final : public HttpClient {
 public:
  using Server = std::function<absl::StatusOr<HttpResponse>(const SeenRequest&)>;
  explicit FakeHttp(Server server) : server_(std::move(server)) {}

  absl::StatusOr<HttpResponse> Do(const CallContext& call, const HttpRequest& request) override {
    if (absl::Status s = call.Check(); !s.ok()) return s;
    SeenRequest seen{request.method,      request.url,
                     request.body,        request.headers,
                     request.transport,   request.addresses,
                     request.upload_size, request.upload != nullptr,
                     request.secret_body, request.response_timeout};
    if (request.upload) {
      auto body = ReadAll(*request.upload, 16 << 20);
      if (!body.ok()) return body.status();
      seen.body = *std::move(body);
    }
    {
      std::lock_guard lock(mu_);
      seen_.push_back(seen);
    }
    auto answer = server_(seen);
    if (!answer.ok()) return answer;
    answer->bytes_sent = static_cast<int64_t>(seen.body.size());
    if (request.download && answer->status / 100 == 2) {
      if (absl::Status s = request.download->Write(answer->body); !s.ok()) return s;
      answer->body.clear();
    } else if (answer->body.size() > request.max_body_bytes) {
      answer->body.resize(request.max_body_bytes);
      answer->body_cut = true;
    }
    return answer;
  }

  std::vector<SeenRequest> seen() const {
    std::lock_guard lock(mu_);
    return seen_;
  }
  // "GET https://…" of every request.
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const SeenRequest& request : seen()) lines.push_back(request.method + " " + request.url);
    return lines;
  }

 private:
  const Server server_;
  mutable std::mutex mu_;
  std::vector<SeenRequest> seen_;  // guarded by mu_
};

// Gives what it is told to, and counts how often it was asked to renew it.
class FakeCredentials final : public CredentialProvider {
 public:
  explicit FakeCredentials(Credential credential = {}) : credential_(std::move(credential)) {}

  absl::StatusOr<Credential> Get(const CallContext&, const std::string&, const std::string&,
                                 Actions, bool refresh) override {
    std::lock_guard lock(mu_);
    ++asked_;
    refreshes_ += refresh;
    if (refresh && renewed_.scheme != Credential::Scheme::kAnonymous) credential_ = renewed_;
    return credential_;
  }
  // What a refresh brings.
  void Renew(Credential credential) { renewed_ = std::move(credential); }
  int asked() const {
    std::lock_guard lock(mu_);
    return asked_;
  }
  int refreshes() const {
    std::lock_guard lock(mu_);
    return refreshes_;
  }

 private:
  mutable std::mutex mu_;
  Credential credential_, renewed_;
  int asked_ = 0, refreshes_ = 0;
};

inline Credential BasicCredential(std::string user, std::string password) {
  Credential credential;
  credential.scheme = Credential::Scheme::kBasic;
  credential.username = std::move(user);
  credential.secret = Secret(std::move(password));
  return credential;
}

inline Credential SecretCredential(Credential::Scheme scheme, std::string secret) {
  Credential credential;
  credential.scheme = scheme;
  credential.secret = Secret(std::move(secret));
  return credential;
}

}  // namespace gantry

// A registry's login: Basic, or Bearer tokens that live as long as a test's clock says.
#pragma once

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/strings.h"
#include "tests/fakes/http_server.h"
#include "tests/fakes/reply.h"

namespace gantry::fakes {

// ann's password is "s3cret", her identity token "identity".  Thread-safe.
class TokenDesk {
 public:
  enum class Kind { kOpen, kBasic, kBearer };
  struct Options {
    Kind kind = Kind::kOpen;
    std::chrono::seconds life{300};
    bool anonymous = false;      // tokens for everybody
    bool oauth = false;          // POST /token works, with the identity token only
    std::string forbidden = {};  // a scope that no token gets, such as "repository:base:pull"
  };

  explicit TokenDesk(const Clock& clock) : clock_(clock) {}

  void Open(Options options) {
    std::lock_guard lock(mu_);
    options_ = std::move(options);
  }
  // All tokens end now.
  void Revoke() {
    std::lock_guard lock(mu_);
    expires_.clear();
  }

  // The answer to GET or POST /token.
  Reply Issue(const Request& request) {
    std::lock_guard lock(mu_);
    const bool post = request.method == "POST";
    if (post != options_.oauth && !options_.anonymous) return {post ? 404 : 401};
    const bool right = post ? request.body.find("refresh_token=identity") != std::string::npos
                            : request.header("authorization") == kAnn;
    if (!right && !options_.anonymous) return {401};
    const std::string token = fmt::format("t{}", ++issued_);
    expires_[token] = clock_.Mono() + options_.life;
    return {
        200, {}, fmt::format(R"({{"token":"{}","expires_in":{}}})", token, options_.life.count())};
  }

  // Nothing when the request may pass.  `source` is the repository that a mount reads.
  std::optional<Reply> Refuse(const Request& request, const std::string& source) {
    std::lock_guard lock(mu_);
    const std::string login = request.header("authorization");
    switch (options_.kind) {
      case Kind::kOpen:
        return std::nullopt;
      case Kind::kBasic:
        if (login == kAnn) return std::nullopt;
        return Reply{401, {{"WWW-Authenticate", "Basic realm=\"registry\""}}};
      case Kind::kBearer:
        break;
    }
    const std::string challenge = "Bearer realm=\"/token\",service=\"s\"";
    const auto token = expires_.find(login.substr(login.find(' ') + 1));
    if (token == expires_.end() || token->second <= clock_.Mono()) {
      return Reply{401, {{"WWW-Authenticate", challenge}}};
    }
    if (source.empty() || options_.forbidden != "repository:" + source + ":pull")
      return std::nullopt;
    return Reply{401,
                 {{"WWW-Authenticate", challenge + ",scope=\"" + options_.forbidden +
                                           "\",error=\"insufficient_scope\""}}};
  }

 private:
  const std::string kAnn = "Basic " + Base64Encode("ann:s3cret");

  const Clock& clock_;
  std::mutex mu_;  // guards all below
  Options options_;
  int issued_ = 0;
  std::map<std::string, MonoTime> expires_;  // by token
};

}  // namespace gantry::fakes

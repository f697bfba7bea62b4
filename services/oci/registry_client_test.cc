#include "oci/registry_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "base/strings.h"
#include "net/host_gate.h"
#include "oci/byte_pipe.h"
#include "oci/fake_http.h"

namespace gantry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kRepo[] = "team/app";
constexpr char kManifest[] =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"})";
const std::string kType(media_type::kOciManifest);

class StringWriter final : public ByteWriter {
 public:
  absl::Status Write(std::string_view bytes) override {
    text.append(bytes);
    return absl::OkStatus();
  }
  std::string text;
};

// A client whose server is the function of each test.
class RegistryClientTest : public ::testing::Test {
 protected:
  RegistryClientTest()
      : client_(http_, "r.example.com", {}, std::make_shared<AnonymousCredentials>(), gate_) {}

  ManualClock clock_;
  CallContext call_{clock_, std::chrono::minutes(60), "r"};
  std::function<absl::StatusOr<HttpResponse>(const SeenRequest&)> server_ = [](const SeenRequest&) {
    return Answer(500);
  };
  FakeHttp http_{[this](const SeenRequest& request) { return server_(request); }};
  std::shared_ptr<HostGate> gate_ = std::make_shared<HostGate>();
  RegistryClient client_;
  const Digest blob_ = Digest::Of("content");
};

TEST_F(RegistryClientTest, DockerHubIsNamedOneWayAndReachedAnother) {
  const RegistryClient hub(http_, "docker.io", {}, std::make_shared<AnonymousCredentials>(),
                           nullptr);
  EXPECT_EQ(hub.host(), "docker.io");
  EXPECT_EQ(hub.base_url(), "https://registry-1.docker.io");
  const RegistryClient local(http_, "localhost:5000", PlainHttp(),
                             std::make_shared<AnonymousCredentials>(), nullptr);
  EXPECT_EQ(local.base_url(), "http://localhost:5000");
}

TEST_F(RegistryClientTest, PingTellsARegistryFromAWebPage) {
  server_ = [](const SeenRequest&) { return Answer(200, {}, "{}"); };
  EXPECT_TRUE(client_.Ping(call_).ok());
  for (const HttpResponse& other :
       {Answer(200, {{"Content-Type", "text/html"}}, "<html>"), Answer(404), Answer(302)}) {
    server_ = [&](const SeenRequest&) { return other; };
    EXPECT_EQ(ReasonOf(client_.Ping(call_)), "UPSTREAM_PROTOCOL") << other.status;
  }
  server_ = [](const SeenRequest&) { return Answer(503); };
  EXPECT_EQ(ReasonOf(client_.Ping(call_)), "UPSTREAM_UNAVAILABLE");
  server_ = [](const SeenRequest&) { return Answer(401, {{"WWW-Authenticate", "Basic"}}); };
  EXPECT_EQ(ReasonOf(client_.Ping(call_)), "UPSTREAM_AUTH_REJECTED");
}

TEST_F(RegistryClientTest, GreetsARegistryWithoutALogin) {
  const auto login = std::make_shared<FakeCredentials>(BasicCredential("me", "secret"));
  RegistryClient client(http_, "r.example.com", {}, login, gate_);
  server_ = [](const SeenRequest& request) {
    return request.authorization().empty()
               ? Answer(401, {{"WWW-Authenticate", "Basic realm=\"r\""}})
               : Answer(200, {}, "{}");
  };
  ASSERT_TRUE(client.Greet(call_).ok());
  EXPECT_EQ(login->asked(), 0);
  ASSERT_TRUE(client.Ping(call_).ok());
  const auto greeting = client.Greet(call_);
  ASSERT_TRUE(greeting.ok()) << greeting.status();
  EXPECT_EQ(greeting->status, 401);
  EXPECT_EQ(http_.seen().back().authorization(), "") << "although the login is known by now";
  server_ = [](const SeenRequest&) { return Answer(404); };
  EXPECT_EQ(ReasonOf(client.Greet(call_).status()), "UPSTREAM_PROTOCOL");
}

TEST_F(RegistryClientTest, ABlobThatMayNotBeLookedAtIsNotTheSameAsNone) {
  const auto head = [this](int status) {
    server_ = [status](const SeenRequest&) { return Answer(status); };
    return client_.HeadBlob(call_, kRepo, blob_);
  };
  EXPECT_EQ(*head(404), std::nullopt);
  EXPECT_EQ(ReasonOf(head(403).status()), "UPSTREAM_DENIED");
  EXPECT_EQ(DetailOf(head(405).status()).metadata.at("httpStatus"), "405");
  EXPECT_EQ(DetailOf(head(501).status()).metadata.at("httpStatus"), "501");
  EXPECT_EQ(ReasonOf(head(503).status()), "UPSTREAM_UNAVAILABLE");
}

TEST_F(RegistryClientTest, A200AloneIsNoBlob) {
  const std::string other = Digest::Of("other").text();
  for (const HttpHeaders& headers :
       {HttpHeaders{}, HttpHeaders{{"Content-Length", "0"}}, HttpHeaders{{"Content-Length", "x"}},
        HttpHeaders{{"Content-Length", "7"}, {"Docker-Content-Digest", other}}}) {
    server_ = [&](const SeenRequest&) { return Answer(200, headers); };
    EXPECT_EQ(*client_.HeadBlob(call_, kRepo, blob_), std::nullopt);
  }
  server_ = [](const SeenRequest&) {
    return Answer(200, {{"Content-Length", "7"}, {"Docker-Content-Digest", "sha512:abc"}});
  };
  EXPECT_EQ(*client_.HeadBlob(call_, kRepo, blob_), 7);
  server_ = [](const SeenRequest&) { return Answer(200, {{"Content-Length", "0"}}); };
  EXPECT_EQ(*client_.HeadBlob(call_, kRepo, Digest::Of("")), 0);
}

TEST_F(RegistryClientTest, ABlobIsReadFromAnyOffset) {
  for (const bool ranges : {true, false}) {
    server_ = [&](const SeenRequest& request) {
      const std::string range = request.headers.Get("Range").value_or("");
      if (!ranges || range.empty()) return Answer(200, {}, "content");
      return Answer(206, {}, std::string("content").substr(3));
    };
    RegistryClient client(http_, "r.example.com", {}, std::make_shared<AnonymousCredentials>(),
                          nullptr);
    for (const int64_t offset : {0, 3, 3}) {
      StringWriter sink;
      EXPECT_TRUE(client.GetBlob(call_, kRepo, blob_, offset, sink).ok());
      EXPECT_EQ(sink.text, std::string("content").substr(static_cast<size_t>(offset)));
    }
  }
  StringWriter sink;
  server_ = [](const SeenRequest&) { return Answer(404); };
  EXPECT_EQ(ReasonOf(client_.GetBlob(call_, kRepo, blob_, 0, sink)), "IMAGE_NOT_FOUND");
}

TEST_F(RegistryClientTest, RedirectsAreFollowedWithoutTheLogin) {
  auto login = std::make_shared<FakeCredentials>(BasicCredential("ann", "s3cret"));
  RegistryClient client(http_, "r.example.com", {}, login, nullptr);
  server_ = [](const SeenRequest& request) {
    if (request.url.rfind("https://r.example.com/", 0) != 0) return Answer(200, {}, "content");
    if (request.authorization().empty()) return Answer(401, {{"WWW-Authenticate", "Basic"}});
    return Answer(307, {{"Location", "https://s3.example.net/b?X-Amz-Signature=%2B"}});
  };
  RegistryRequest request;
  request.path = "/v2/x";
  request.headers.Set("Cookie", "session");
  EXPECT_EQ(client.Do(call_, request)->body, "content");
  const SeenRequest last = http_.seen().back();
  EXPECT_EQ(last.url, "https://s3.example.net/b?X-Amz-Signature=%2B");
  EXPECT_EQ(last.authorization(), "");
  EXPECT_EQ(last.headers.Get("Cookie"), std::nullopt);
  EXPECT_EQ(last.addresses, AddressPolicy::kPublicOnly);
  EXPECT_NE(http_.seen()[1].authorization(), "");
}

TEST_F(RegistryClientTest, A401OfAStrangerGetsNoLogin) {
  auto login = std::make_shared<FakeCredentials>(BasicCredential("ann", "s3cret"));
  RegistryClient client(http_, "r.example.com", {}, login, nullptr);
  server_ = [](const SeenRequest& request) {
    if (request.url.rfind("https://r.example.com/", 0) == 0) {
      return Answer(307, {{"Location", "https://evil.example.net/"}});
    }
    return Answer(401, {{"WWW-Authenticate", "Basic realm=x"}});
  };
  RegistryRequest request;
  request.path = "/v2/x";
  EXPECT_EQ(client.Do(call_, request)->status, 401);
  EXPECT_EQ(http_.seen().size(), 2u);
  EXPECT_EQ(login->asked(), 0);
  for (const SeenRequest& seen : http_.seen()) EXPECT_EQ(seen.authorization(), "");
}

TEST_F(RegistryClientTest, RedirectsEndAndLeadNowhereForbidden) {
  server_ = [](const SeenRequest& request) {
    return Answer(302, {{"Location", request.url + "x"}});
  };
  RegistryRequest request;
  request.path = "/v2/";
  EXPECT_EQ(ReasonOf(client_.Do(call_, request).status()), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(http_.seen().size(), 6u);
  server_ = [](const SeenRequest&) {
    return Answer(302, {{"Location", "https://169.254.169.254/"}});
  };
  EXPECT_EQ(ReasonOf(client_.Do(call_, request).status()), "ADDRESS_REFUSED");
}

TEST_F(RegistryClientTest, OnlyRedirectsThatKeepTheBodyAreFollowedWithOne) {
  RegistryRequest request;
  request.method = "PUT";
  request.path = "/v2/x";
  request.body_size = 3;
  request.open_body = [] { return std::make_unique<StringReader>("abc"); };
  for (const int status : {301, 302, 303, 307, 308}) {
    server_ = [&](const SeenRequest& seen) {
      if (seen.url == "https://r.example.com/v2/x") return Answer(status, {{"Location", "y"}});
      return Answer(201, {}, seen.method + seen.body);
    };
    const auto response = client_.Do(call_, request);
    EXPECT_EQ(response->status, status < 307 ? status : 201);
    if (status >= 307) {
      EXPECT_EQ(response->body, "PUTabc");
    }
  }
}

TEST_F(RegistryClientTest, A429ClosesTheHostForEverybody) {
  server_ = [](const SeenRequest&) { return Answer(429, {{"Retry-After", "20"}}); };
  EXPECT_EQ(ReasonOf(client_.OpenUpload(call_, kRepo).status()), "UPSTREAM_THROTTLED");
  server_ = [](const SeenRequest&) { return Answer(200, {}, "{}"); };
  RegistryClient other(http_, "r.example.com", {}, std::make_shared<AnonymousCredentials>(), gate_);
  EXPECT_TRUE(other.Ping(call_).ok());
  EXPECT_GE(clock_.slept(), std::chrono::seconds(20));
}

TEST_F(RegistryClientTest, ARequestHoldsItsPlaceUntilTheAnswerIsWhole) {
  const SystemClock clock;
  const CallContext call(clock, std::chrono::seconds(10), "r");
  const CallContext hasty(clock, milliseconds(0), "r");
  gate_->Enter(call)->OnThrottled(clock, milliseconds(0));  // one at a time from now on
  const auto free = [&] { return gate_->Enter(hasty).ok(); };
  server_ = [&](const SeenRequest& request) {
    // What uploads may be waiting for, or what has no time, holds none.
    EXPECT_EQ(free(),
              request.method == "DELETE" || !request.headers.Get("Range").value_or("").empty())
        << request.method;
    return Answer(201, {{"Location", "/v2/u"}}, "{}");
  };
  EXPECT_TRUE(client_.OpenUpload(call, kRepo).ok());
  EXPECT_TRUE(free());
  client_.CancelUpload(call, kRepo, {"https://r.example.com/v2/u"});
  StringWriter out;
  EXPECT_FALSE(client_.GetBlob(call, kRepo, blob_, 1, out).ok());
}

TEST_F(RegistryClientTest, ABlobIsCopiedWithinAHostThatTakesOneRequestAtATime) {
  const SystemClock clock;
  const CallContext call(clock, std::chrono::seconds(10), "r");
  gate_->Enter(call)->OnThrottled(clock, milliseconds(0));
  server_ = [](const SeenRequest& request) {
    if (request.method == "GET") return Answer(200, {}, "content");
    return Answer(request.body == "content" ? 201 : 400);
  };
  UploadSession session{"https://r.example.com/v2/team/app/blobs/uploads/u"};
  const auto committed = client_.CommitUpload(call, kRepo, session, blob_, 7, [&] {
    return StreamFrom(call, [&](const CallContext& inner, ByteWriter& out) {
      return client_.GetBlob(inner, "other", blob_, 0, out);
    });
  });
  EXPECT_TRUE(committed.ok()) << committed.status();
}

TEST_F(RegistryClientTest, AManifestIsHeadedOrElseRead) {
  const Digest digest = Digest::Of(kManifest);
  bool head_tells = true;
  server_ = [&](const SeenRequest& request) {
    EXPECT_EQ(request.headers.Get("Accept"), media_type::kAcceptManifests);
    if (request.method == "GET") return Answer(200, {}, kManifest);
    if (!head_tells) return Answer(200, {{"Docker-Content-Digest", "sha512:x"}});
    return Answer(200, {{"Docker-Content-Digest", digest.text()},
                        {"Content-Length", "5"},
                        {"Content-Type", kType + "; charset=utf-8"}});
  };
  auto info = client_.HeadManifest(call_, kRepo, "1.0");
  EXPECT_EQ(info->digest, digest);
  EXPECT_EQ(info->media_type, kType);
  EXPECT_EQ(info->size, 5);
  head_tells = false;
  info = client_.HeadManifest(call_, kRepo, "1.0");
  EXPECT_EQ(info->digest, digest);
  EXPECT_EQ(info->media_type, kType);
  EXPECT_EQ(info->size, static_cast<int64_t>(sizeof kManifest - 1));
}

TEST_F(RegistryClientTest, TheTextOfARefusedHeadIsAskedForByGet) {
  server_ = [](const SeenRequest& request) {
    return Answer(403, {}, request.method == "GET" ? "over the quota of team" : "");
  };
  const auto status = client_.HeadManifest(call_, kRepo, "1.0").status();
  EXPECT_EQ(ReasonOf(status), "UPSTREAM_QUOTA");
  EXPECT_THAT(MessageOf(status), HasSubstr("over the quota of team"));
  server_ = [](const SeenRequest&) { return Answer(404); };
  EXPECT_EQ(ReasonOf(client_.HeadManifest(call_, kRepo, "1.0").status()), "IMAGE_NOT_FOUND");
}

TEST_F(RegistryClientTest, AManifestIsWhatItsDigestSays) {
  HttpHeaders headers;
  std::string body = kManifest;
  server_ = [&](const SeenRequest&) { return Answer(200, headers, body); };
  const std::string digest = Digest::Of(kManifest).text(), other = Digest::Of("x").text();
  EXPECT_EQ(client_.GetManifest(call_, kRepo, digest)->bytes, kManifest);
  EXPECT_EQ(ReasonOf(client_.GetManifest(call_, kRepo, other).status()), "INTEGRITY");
  headers.Set("Docker-Content-Digest", other);
  EXPECT_EQ(ReasonOf(client_.GetManifest(call_, kRepo, "1.0").status()), "INTEGRITY");
  headers = {};
  for (const char* nonsense : {"", "<html>", "7"}) {
    body = nonsense;
    EXPECT_EQ(ReasonOf(client_.GetManifest(call_, kRepo, "1.0").status()), "UPSTREAM_PROTOCOL");
  }
  body = "{" + std::string(kMaxManifestBytes, ' ') + "}";
  EXPECT_EQ(ReasonOf(client_.GetManifest(call_, kRepo, "1.0").status()), "UPSTREAM_PROTOCOL");
}

TEST_F(RegistryClientTest, AManifestIsStoredWhenTheRegistryShowsIt) {
  int status = 201;
  HttpHeaders headers;
  HttpResponse stored = Answer(404);
  server_ = [&](const SeenRequest& request) {
    if (request.method != "PUT") return stored;
    EXPECT_EQ(request.headers.Get("Content-Type"), kType);
    EXPECT_EQ(request.body, kManifest);
    return Answer(status, headers);
  };
  const auto put = [&] {
    return ReasonOf(client_.PutManifest(call_, kRepo, "1.0", kType, kManifest));
  };
  EXPECT_EQ(put(), "");
  headers.Set("Docker-Content-Digest", "sha512:00");
  EXPECT_EQ(put(), "");
  headers.Set("Docker-Content-Digest", Digest::Of("x").text());
  EXPECT_EQ(put(), "INTEGRITY");
  headers.Set("Docker-Content-Digest", Digest::Of(kManifest).text());
  status = 202;
  EXPECT_EQ(put(), "");
  headers = {};
  EXPECT_EQ(put(), "INTEGRITY") << "200 to everything is no success";
  stored = Answer(200, {}, kManifest);
  EXPECT_EQ(put(), "");
  stored = Answer(200, {}, "{}");
  EXPECT_EQ(put(), "INTEGRITY");
  stored = Answer(200, {}, "<html>");
  EXPECT_EQ(put(), "INTEGRITY");
  stored = Answer(503);
  EXPECT_EQ(put(), "UPSTREAM_UNAVAILABLE");
  stored = Answer(200, {}, kManifest);
  for (const int odd : {200, 203, 204}) {
    status = odd;
    EXPECT_EQ(put(), "") << odd;
  }
}

TEST_F(RegistryClientTest, OneTagIsEnoughToKnow) {
  std::string body = R"({"name":"team/app","tags":["a"]})";
  server_ = [&](const SeenRequest&) { return Answer(200, {}, body); };
  EXPECT_EQ(*client_.AnyTag(call_, kRepo), "a");
  EXPECT_EQ(http_.seen().back().url, "https://r.example.com/v2/team/app/tags/list?n=1");
  for (const char* all : {R"({"tags":["a","b"]})", R"({"tags":[null,7,"a"]})"}) {
    body = all;
    EXPECT_EQ(*client_.AnyTag(call_, kRepo), "a") << all;
  }
  for (const char* none : {"{}", R"({"tags":null})", R"({"tags":[]})"}) {
    body = none;
    EXPECT_EQ(*client_.AnyTag(call_, kRepo), "") << none;
  }
}

TEST_F(RegistryClientTest, WhatListsNoTagsIsSaid) {
  HttpResponse answer;
  server_ = [&](const SeenRequest&) { return answer; };
  for (const char* nonsense : {"", "[]", "<html>", "{\"tags\":["}) {
    answer = Answer(200, {}, nonsense);
    EXPECT_EQ(ReasonOf(client_.AnyTag(call_, kRepo).status()), "UPSTREAM_PROTOCOL") << nonsense;
  }
  answer = Answer(404, {}, R"({"errors":[{"code":"NAME_UNKNOWN"}]})");
  EXPECT_EQ(ReasonOf(client_.AnyTag(call_, kRepo).status()), "REPOSITORY_NOT_FOUND");
}

}  // namespace
}  // namespace gantry

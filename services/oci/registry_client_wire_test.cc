// RegistryClient over real connections, where a fake HttpClient could not show what goes wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/status.h"
#include "base/strings.h"
#include "net/curl_http_client.h"
#include "net/host_gate.h"
#include "oci/fake_http.h"
#include "oci/registry_client.h"
#include "tests/fakes/http_server.h"

namespace gantry {
namespace {

using fakes::Exchange;
using fakes::HttpServer;
using fakes::Request;

constexpr char kRepo[] = "team/app";

class RegistryWireTest : public ::testing::Test {
 protected:
  std::unique_ptr<RegistryClient> Client(const HttpServer& server, Transport transport) {
    return std::make_unique<RegistryClient>(
        http_, server.host(), std::move(transport),
        std::make_shared<FakeCredentials>(BasicCredential("ann", "s3cret")), nullptr);
  }
  static Transport TrustOf(const HttpServer& server) {
    Transport transport;
    transport.ca_certificate = server.ca_pem();
    return transport;
  }
  static HttpServer::Options Options(bool tls, bool read_body = true) {
    HttpServer::Options options;
    options.tls = tls;
    options.read_body = read_body;
    return options;
  }

  SystemClock clock_;
  CallContext call_{clock_, std::chrono::seconds(30), "r"};
  CurlHttpClient http_;
};

// Answers tokens "t1", "t2"… to ann.
void ServeToken(const Request& request, Exchange& exchange, std::atomic<int>& tokens) {
  if (request.header("authorization") != "Basic " + Base64Encode("ann:s3cret")) {
    return exchange.Reply(401);
  }
  exchange.Reply(200, {}, fmt::format(R"({{"token":"t{}","expires_in":300}})", ++tokens));
}

std::pair<std::string, std::string> BearerChallenge(const std::string& realm) {
  return {"WWW-Authenticate", fmt::format("Bearer realm=\"{}\",service=\"s\"", realm)};
}

TEST_F(RegistryWireTest, LogsInAtATokenServerAndUploads) {
  std::atomic<int> tokens = 0;
  std::string stored;
  HttpServer server(
      [&](const Request& request, Exchange& exchange) {
        if (request.path == "/token") return ServeToken(request, exchange, tokens);
        if (request.header("authorization") != "Bearer t1") {
          return exchange.Reply(401, {BearerChallenge("/token")});
        }
        if (request.method == "POST") {
          // A POST without a length is refused by many servers.
          if (request.header("content-length") != "0") return exchange.Reply(411);
          return exchange.Reply(202, {{"Location", request.path + "u?_state=%3D"}});
        }
        if (request.method == "PATCH") {
          stored += request.body;
          return exchange.Reply(202, {{"Location", "/v2/team/app/blobs/uploads/u?_state=2"},
                                      {"Range", fmt::format("0-{}", stored.size() - 1)}});
        }
        if (request.method == "PUT" && request.header("content-length") == "0" &&
            request.query.at("digest") == Digest::Of(stored).text() &&
            request.query.at("_state") == "2") {
          return exchange.Reply(201);
        }
        exchange.Reply(400, {}, "unexpected");
      },
      Options(/*tls=*/true));
  const auto client = Client(server, TrustOf(server));
  auto session = client->OpenUpload(call_, kRepo);
  ASSERT_TRUE(session.ok()) << MessageOf(session.status());
  const auto body = [](const char* text) {
    return [text] { return std::make_unique<StringReader>(text); };
  };
  EXPECT_TRUE(client->PatchUpload(call_, kRepo, *session, body("first "), 6, true).ok());
  EXPECT_EQ(session->offset, 6);
  EXPECT_TRUE(client->PatchUpload(call_, kRepo, *session, body("last"), std::nullopt, false).ok());
  EXPECT_EQ(session->offset, 10);
  EXPECT_EQ(*client->CommitUpload(call_, kRepo, *session, Digest::Of("first last"), 10), 201);
  EXPECT_EQ(tokens, 1);
}

TEST_F(RegistryWireTest, ALoginThatEndsInTheMiddleOfABodyIsRenewedAndTheBodySentAgain) {
  const std::string bytes(4 << 20, 'x');
  std::atomic<int> tokens = 0;
  std::string stored;
  HttpServer server(
      [&](const Request& request, Exchange& exchange) {
        if (request.path == "/token") return ServeToken(request, exchange, tokens);
        const std::string login = request.header("authorization");
        if (request.method == "POST" && !login.empty()) {
          return exchange.Reply(202, {{"Location", "/v2/team/app/blobs/uploads/u"}});
        }
        if (login != "Bearer t2") {
          exchange.ReadBody(64 << 10);
          exchange.Reply(401, {BearerChallenge("/token"), {"Connection", "close"}});
          // Closing with bytes unread would reset the connection, and lose the answer at times.
          while (!exchange.ReadBody(1 << 20).empty()) {
          }
          return exchange.Close();
        }
        for (std::string part = exchange.ReadBody(1 << 20); !part.empty();
             part = exchange.ReadBody(1 << 20)) {
          stored += part;
        }
        exchange.Reply(201);
      },
      Options(/*tls=*/false, /*read_body=*/false));
  const auto client = Client(server, PlainHttp());
  auto session = client->OpenUpload(call_, kRepo);
  ASSERT_TRUE(session.ok()) << MessageOf(session.status());
  int opened = 0;
  const auto status = client->CommitUpload(call_, kRepo, *session, Digest::Of(bytes),
                                           static_cast<int64_t>(bytes.size()), [&] {
                                             ++opened;
                                             return std::make_unique<StringReader>(bytes);
                                           });
  ASSERT_TRUE(status.ok()) << MessageOf(status.status());
  EXPECT_EQ(*status, 201);
  EXPECT_EQ(opened, 2);
  EXPECT_EQ(tokens, 2);
  EXPECT_EQ(stored, bytes);
}

TEST_F(RegistryWireTest, AServerThatSays200ToEverythingHasNothing) {
  HttpServer server([](const Request&, Exchange& exchange) { exchange.Reply(200); });
  const auto client = Client(server, PlainHttp());
  EXPECT_EQ(*client->HeadBlob(call_, kRepo, Digest::Of("x")), std::nullopt);
  EXPECT_EQ(ReasonOf(client->OpenUpload(call_, kRepo).status()), "INTEGRITY");
  EXPECT_EQ(ReasonOf(client->HeadManifest(call_, kRepo, "1.0").status()), "UPSTREAM_PROTOCOL");
  EXPECT_EQ(ReasonOf(client->PutManifest(call_, kRepo, "1.0", media_type::kOciManifest, "{}")),
            "INTEGRITY");
}

TEST_F(RegistryWireTest, ABlobComesFromStorageWithoutTheLogin) {
  HttpServer storage([](const Request& request, Exchange& exchange) {
    if (!request.header("authorization").empty()) return exchange.Reply(400);
    exchange.Reply(200, {}, request.method == "HEAD" ? "" : "content");
  });
  HttpServer registry([&](const Request& request, Exchange& exchange) {
    if (request.header("authorization").empty()) {
      return exchange.Reply(401, {{"WWW-Authenticate", "Basic realm=x"}});
    }
    exchange.Reply(307, {{"Location", storage.url() + "/blob?sig=%2B"}});
  });
  class Sink final : public ByteWriter {
   public:
    absl::Status Write(std::string_view bytes) override {
      text.append(bytes);
      return absl::OkStatus();
    }
    std::string text;
  } sink;
  const auto client = Client(registry, PlainHttp());
  EXPECT_TRUE(client->GetBlob(call_, kRepo, Digest::Of("content"), 0, sink).ok());
  EXPECT_EQ(sink.text, "content");
  EXPECT_EQ(storage.log()[0].target, "/blob?sig=%2B");
}

TEST_F(RegistryWireTest, AHeadTellsTheLength) {
  HttpServer server([](const Request&, Exchange& exchange) {
    exchange.Reply(200, {{"Content-Length", "123456"}});
  });
  EXPECT_EQ(*Client(server, PlainHttp())->HeadBlob(call_, kRepo, Digest::Of("x")), 123456);
}

}  // namespace
}  // namespace gantry

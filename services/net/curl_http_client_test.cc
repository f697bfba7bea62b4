#include "net/curl_http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <latch>
#include <new>

#include "base/status.h"
#include "tests/fakes/http_server.h"

namespace gantry {
namespace {

using fakes::Exchange;
using fakes::HttpServer;
using fakes::Request;
using std::chrono::seconds;
using testing::HasSubstr;

// A body made as it is read.
class Zeros final : public ByteReader {
 public:
  explicit Zeros(int64_t size) : left_(size) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    const auto n =
        static_cast<size_t>(std::min<int64_t>(left_, static_cast<int64_t>(buffer.size())));
    std::fill_n(buffer.begin(), n, '\0');
    left_ -= static_cast<int64_t>(n);
    return n;
  }

 private:
  int64_t left_;
};

class StringWriter final : public ByteWriter {
 public:
  absl::Status Write(std::string_view bytes) override {
    text += bytes;
    return status;
  }
  std::string text;
  absl::Status status;
};

// Takes connections and says nothing; with a backlog of 0, it does not even take them.
class MuteListener {
 public:
  explicit MuteListener(int backlog) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, raw, size), 0);
    EXPECT_EQ(listen(socket_, backlog), 0);
    EXPECT_EQ(getsockname(socket_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
    // Whoever comes after these is not let in.
    for (int i = 0; backlog == 0 && i < 4; ++i) {
      waiting_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(connect(waiting_.back(), raw, size));
    }
  }
  ~MuteListener() {
    for (const int waiting : waiting_) close(waiting);
    close(socket_);
  }
  std::string url(const std::string& scheme) const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + "/";
  }

 private:
  const int socket_;
  int port_ = 0;
  std::vector<int> waiting_;
};

class CurlHttpClientTest : public testing::Test {
 protected:
  HttpRequest To(const HttpServer& server, std::string method, const std::string& path) {
    HttpRequest request;
    request.method = std::move(method);
    request.url = server.url() + path;
    return request;
  }

  SystemClock clock_;
  CallContext call_{clock_, seconds(60), "test"};
  CurlHttpClient http_;
};

void Ok(const Request&, Exchange& x) { x.Reply(200, {}, "hello"); }

TEST_F(CurlHttpClientTest, SendsWhatItIsToldAndNothingElse) {
  HttpServer server([](const Request& r, Exchange& x) {
    x.Reply(202, {{"X-A", "1"}, {"x-a", "2"}}, r.body);
  });
  HttpRequest request = To(server, "POST", "/v2/a%2Fb/?q=1");
  request.headers.Set("Content-Type", "text/x");
  request.body = "ping";
  const auto response = http_.Do(call_, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 202);
  EXPECT_EQ(response->body, "ping");
  EXPECT_THAT(response->headers.GetAll("X-a"), testing::ElementsAre("1", "2"));
  const Request seen = server.log().at(0);
  EXPECT_EQ(seen.target, "/v2/a%2Fb/?q=1");
  EXPECT_EQ(seen.header("content-length"), "4");
  EXPECT_EQ(seen.headers.count("expect"), 0U);
  EXPECT_EQ(seen.headers.count("cookie"), 0U);
}

TEST_F(CurlHttpClientTest, AnEmptyPostSaysContentLengthZero) {
  HttpServer server(Ok);
  for (const char* method : {"POST", "PUT"}) {
    ASSERT_TRUE(http_.Do(call_, To(server, method, "/")).ok());
    EXPECT_EQ(server.log().back().header("content-length"), "0") << method;
    EXPECT_EQ(server.log().back().headers.count("content-type"), 0U) << method;
  }
}

TEST_F(CurlHttpClientTest, ReusesItsConnection) {
  HttpServer server(Ok);
  for (int i = 0; i < 5; ++i) {
    const auto response = http_.Do(call_, To(server, "GET", "/"));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_TRUE(response->private_peer) << i;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlHttpClientTest, AConnectionClosedWhileIdleIsNoticed) {
  std::atomic<int> answered = 0;
  HttpServer server([&](const Request&, Exchange& x) {
    x.Reply(200);
    if (++answered == 1) x.Close();
  });
  ASSERT_TRUE(http_.Do(call_, To(server, "GET", "/")).ok());
  EXPECT_TRUE(http_.Do(call_, To(server, "GET", "/")).ok());
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(CurlHttpClientTest, StreamsUploadsOfKnownAndUnknownSize) {
  HttpServer server(
      [](const Request& r, Exchange& x) { x.Reply(201, {}, std::to_string(r.body.size())); });
  for (const bool known : {true, false}) {
    Zeros body(3'000'000);
    HttpRequest request = To(server, "PATCH", "/upload");
    request.upload = &body;
    if (known) request.upload_size = 3'000'000;
    const auto response = http_.Do(call_, request);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->body, "3000000");
    EXPECT_EQ(response->bytes_sent, 3'000'000);
    EXPECT_EQ(server.log().back().header("transfer-encoding"), known ? "" : "chunked");
  }
}

TEST_F(CurlHttpClientTest, AnAnswerBeforeTheBodyIsSentEndsTheSending) {
  HttpServer server(
      [](const Request&, Exchange& x) {
        x.ReadBody(65536);
        x.Reply(413, {{"Connection", "close"}}, "<html>too large</html>");
        x.Close();
      },
      {.read_body = false, .unix_path = ""});
  Zeros body(int64_t{1} << 32);
  HttpRequest request = To(server, "PUT", "/upload");
  request.upload = &body;
  request.upload_size = int64_t{1} << 32;
  // The kernel may drop an answer that a reset overtakes; whoever repeats hears it.
  absl::StatusOr<HttpResponse> response = http_.Do(call_, request);
  for (int i = 0; i < 20 && !response.ok(); ++i) response = http_.Do(call_, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 413);
  EXPECT_LT(response->bytes_sent, int64_t{1} << 30);
}

TEST_F(CurlHttpClientTest, AResetIsUnavailable) {
  HttpServer server(
      [](const Request&, Exchange& x) {
        x.ReadBody(100'000);
        x.Reset();
      },
      {.read_body = false, .unix_path = ""});
  Zeros body(50'000'000);
  HttpRequest request = To(server, "PATCH", "/");
  request.upload = &body;
  request.upload_size = 50'000'000;
  const auto response = http_.Do(call_, request);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(response.status())), HasSubstr(server.host()));
}

TEST_F(CurlHttpClientTest, SaysWhetherAConnectionThatBrokeWasAnotherRequestsBefore) {
  HttpServer server(
      [](const Request& r, Exchange& x) {
        if (r.target == "/whole") return x.Reply(200);
        if (r.target == "/begun") x.Write("HTTP/1.1 200 OK\r\n");
        x.ReadBody(100'000);
        x.Reset();
      },
      {.read_body = false, .unix_path = ""});
  const auto connection = [&](const char* target) {
    Zeros body(50'000'000);
    HttpRequest request = To(server, "GET", target);
    if (target == std::string("/body")) {
      request.method = "PATCH";
      request.upload = &body;
      request.upload_size = 50'000'000;
    }
    const absl::Status status = http_.Do(call_, request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    return DetailOf(status).metadata["connection"];
  };
  EXPECT_EQ(connection("/body"), "");
  ASSERT_TRUE(http_.Do(call_, To(server, "GET", "/whole")).ok());
  EXPECT_EQ(connection("/body"), "reused");
  EXPECT_EQ(connection("/body"), "") << "what broke is not kept";
  ASSERT_TRUE(http_.Do(call_, To(server, "GET", "/whole")).ok());
  EXPECT_EQ(connection("/begun"), "") << "the request had arrived";
}

TEST_F(CurlHttpClientTest, NobodyThereIsUnavailableAndSaysWhere) {
  std::string url;
  {
    HttpServer server(Ok);
    url = server.url();
  }
  HttpRequest request;
  request.url = url + "/v2/";
  const auto response = http_.Do(call_, request);
  EXPECT_EQ(ReasonOf(response.status()), reason::kUpstreamUnavailable);
  EXPECT_NE(DetailOf(response.status()).remedy, "");
  EXPECT_EQ(DetailOf(response.status()).metadata.find("stage")->second, "tcp");
}

TEST_F(CurlHttpClientTest, SaysHowFarItCame) {
  const auto stage = [&](HttpRequest request) {
    const auto response = http_.Do(call_, request);
    EXPECT_FALSE(response.ok()) << request.url;
    const ErrorDetail detail = DetailOf(response.status());
    const auto it = detail.metadata.find("stage");
    return it == detail.metadata.end() ? "" : it->second;
  };
  HttpRequest request;
  request.url = "https://" + std::string(70, 'a') + "/";  // too long for a name: DNS is not asked
  EXPECT_EQ(stage(request), "dns");

  HttpServer untrusted(Ok, {.tls = true, .unix_path = ""});
  EXPECT_EQ(stage(To(untrusted, "GET", "/")), "tls");
  const MuteListener mute(8), full(0);
  request.connect_timeout = milliseconds(300);
  request.url = mute.url("https");
  EXPECT_EQ(stage(request), "tls");
  request.url = full.url("https");
  EXPECT_EQ(stage(request), "tcp");

  HttpServer resetting([](const Request&, Exchange& x) { x.Reset(); });
  EXPECT_EQ(stage(To(resetting, "GET", "/")), "") << "an answer was due";
  request = To(resetting, "GET", "/");
  request.response_timeout = milliseconds(50);
  request.url = mute.url("http");
  EXPECT_EQ(stage(request), "") << "an answer was due";
}

TEST_F(CurlHttpClientTest, AProxyThatRefusesIsToldFromTheHost) {
  HttpServer proxy([](const Request&, Exchange& x) {
    x.Reply(407, {{"Proxy-Authenticate", "Basic realm=\"p\""}}, "<html>log in</html>");
  });
  setenv("https_proxy", proxy.url().c_str(), 1);
  HttpRequest request;
  request.url = "https://registry.example/v2/";
  const auto response = http_.Do(call_, request);
  unsetenv("https_proxy");
  EXPECT_EQ(response.status().code(), absl::StatusCode::kFailedPrecondition) << response.status();
  EXPECT_THAT(std::string(MessageOf(response.status())), HasSubstr("proxy on the way wants a login"));
  const ErrorDetail detail = DetailOf(response.status());
  EXPECT_EQ(detail.metadata.find("stage")->second, "proxy");
  EXPECT_THAT(detail.remedy, HasSubstr("HTTPS_PROXY"));
}

TEST_F(CurlHttpClientTest, NoProxyIsAskedForThisMachine) {
  HttpServer proxy(Ok), server(Ok);
  setenv("http_proxy", proxy.url().c_str(), 1);
  const auto response = http_.Do(call_, To(server, "GET", "/"));
  unsetenv("http_proxy");
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->private_peer);
  EXPECT_EQ(server.log().size(), 1U);
  EXPECT_EQ(proxy.log().size(), 0U);
}

TEST_F(CurlHttpClientTest, TrustsAPrivateCaOnlyWhereItIsGiven) {
  HttpServer server(Ok, {.tls = true, .unix_path = ""});
  const auto untrusted = http_.Do(call_, To(server, "GET", "/"));
  EXPECT_EQ(ReasonOf(untrusted.status()), reason::kUpstreamTls);
  EXPECT_EQ(untrusted.status().code(), absl::StatusCode::kFailedPrecondition);
  HttpRequest request = To(server, "GET", "/");
  request.transport.ca_certificate = server.ca_pem();
  EXPECT_TRUE(http_.Do(call_, request).ok());
  EXPECT_FALSE(http_.Do(call_, To(server, "GET", "/")).ok())
      << "the trusted connection is not shared";
  request.transport = Transport();
  request.transport.skip_tls_verify = true;
  EXPECT_TRUE(http_.Do(call_, request).ok());
}

TEST_F(CurlHttpClientTest, SaysWhenAServerSpeaksPlainHttp) {
  HttpServer server(Ok);
  HttpRequest request;
  request.url = "https://" + server.host() + "/";
  const auto response = http_.Do(call_, request);
  EXPECT_THAT(std::string(MessageOf(response.status())), HasSubstr("plain HTTP"));
}

TEST_F(CurlHttpClientTest, CancelEndsAStalledRequestAtOnce) {
  std::latch arrived(1);
  HttpServer server([&](const Request&, Exchange& x) {
    arrived.count_down();
    x.Stall();
  });
  CallContext call(clock_, seconds(600), "test");
  std::thread canceller([&] {
    arrived.wait();
    call.RequestStop();
  });
  const auto response = http_.Do(call, To(server, "GET", "/"));
  canceller.join();
  EXPECT_EQ(response.status().code(), absl::StatusCode::kCancelled);
}

TEST_F(CurlHttpClientTest, AServerThatReadsNothingIsGivenUp) {
  HttpServer server([](const Request&, Exchange& x) { x.Stall(); },
                    {.read_body = false, .unix_path = ""});
  Zeros body(int64_t{1} << 32);
  HttpRequest request = To(server, "PATCH", "/");
  request.upload = &body;
  request.stall_timeout = milliseconds(100);
  EXPECT_EQ(http_.Do(call_, request).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(CurlHttpClientTest, WaitsLongerForAnAnswerThanForBytes) {
  HttpServer server([](const Request&, Exchange& x) { x.Stall(); });
  HttpRequest request = To(server, "PUT", "/");
  request.stall_timeout = milliseconds(1);
  request.response_timeout = milliseconds(150);
  const auto response = http_.Do(call_, request);
  EXPECT_THAT(std::string(MessageOf(response.status())), HasSubstr("no answer"));
}

TEST_F(CurlHttpClientTest, ErrorBodiesAndHeadersAreBounded) {
  HttpServer server([](const Request& r, Exchange& x) {
    if (r.path == "/headers") {
      x.Reply(200, {{"X-Long", std::string(1 << 20, 'x')}});
    } else {
      x.Write("HTTP/1.1 500 No\r\nContent-Length: 1073741824\r\n\r\n");
      for (int i = 0; i < 1024; ++i) x.Write(std::string(1 << 20, 'x'));
    }
  });
  const auto body = http_.Do(call_, To(server, "GET", "/body"));
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->status, 500);
  EXPECT_TRUE(body->body_cut);
  EXPECT_EQ(body->body.size(), size_t{64} << 10);
  const auto headers = http_.Do(call_, To(server, "GET", "/headers"));
  EXPECT_FALSE(headers.ok());
}

TEST_F(CurlHttpClientTest, DownloadsGoToTheWriterAndItsErrorComesBack) {
  HttpServer server(Ok);
  StringWriter writer;
  HttpRequest request = To(server, "GET", "/");
  request.download = &writer;
  ASSERT_TRUE(http_.Do(call_, request).ok());
  EXPECT_EQ(writer.text, "hello");
  writer.status = DataLoss(reason::kIntegrity, "enough");
  EXPECT_EQ(http_.Do(call_, request).status().code(), absl::StatusCode::kDataLoss);
}

class Throwing final : public ByteReader, public ByteWriter {
 public:
  absl::StatusOr<size_t> Read(std::span<char>) override { throw std::bad_alloc(); }
  absl::Status Write(std::string_view) override { throw std::bad_alloc(); }
};

TEST_F(CurlHttpClientTest, WhatABodyThrowsDoesNotGoThroughTheLibrary) {
  HttpServer server(Ok);
  Throwing body;
  HttpRequest upload = To(server, "PUT", "/");
  upload.upload = &body;
  EXPECT_EQ(ReasonOf(http_.Do(call_, upload).status()), reason::kInternal);
  HttpRequest download = To(server, "GET", "/");
  download.download = &body;
  EXPECT_EQ(ReasonOf(http_.Do(call_, download).status()), reason::kInternal);
  EXPECT_TRUE(http_.Do(call_, To(server, "GET", "/")).ok());
}

TEST_F(CurlHttpClientTest, PrivateAddressesAreRefusedWhereOnlyPublicOnesAreMeant) {
  HttpServer server(Ok);
  HttpRequest request = To(server, "GET", "/");
  request.addresses = AddressPolicy::kPublicOnly;
  for (const std::string host : {"127.0.0.1", "localhost"}) {
    request.url = "http://" + host + ":" + std::to_string(server.port()) + "/";
    EXPECT_EQ(ReasonOf(http_.Do(call_, request).status()), reason::kAddressRefused) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlHttpClientTest, TalksToUnixSockets) {
  const std::string path = testing::TempDir() + "/gantry-http-" + std::to_string(getpid());
  unlink(path.c_str());
  HttpServer server(Ok, {.unix_path = path});
  HttpRequest request;
  request.url = "http://engine/info";
  request.transport.unix_socket = path;
  const auto response = http_.Do(call_, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "hello");
  unlink(path.c_str());
}

}  // namespace
}  // namespace gantry

// An HTTP/1.1 server on loopback for tests, with raw control: it can answer early, reset, stall, lie.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace gantry::fakes {

struct Request {
  std::string method, target;  // target: path and query as they came
  std::string path;            // decoded path
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // unless the handler reads it by itself
  int connection = 0;                          // 1, 2, …: which connection it came on

  std::string header(const std::string& lower_name) const;
};

// What a handler may do with one request.  Confined to the connection's thread.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // Reads up to `limit` more bytes of the body; fewer at its end.
  virtual std::string ReadBody(size_t limit) = 0;
  // A whole answer; Content-Length is added unless `headers` has it or Transfer-Encoding.
  virtual void Reply(int status, std::vector<std::pair<std::string, std::string>> headers = {},
                     std::string_view body = "") = 0;
  // Bytes as they are.
  virtual void Write(std::string_view raw) = 0;
  // Closes the connection with a TCP RST, or politely.
  virtual void Reset() = 0;
  virtual void Close() = 0;
  // Waits until the server is destroyed; nothing is read or written meanwhile.
  virtual void Stall() = 0;
};

// Thread-safe.  One thread per connection; the destructor closes all and joins.
class HttpServer {
 public:
  // Called on the connection's thread.  With `read_body`, Request::body is whole before the call.
  using Handler = std::function<void(const Request&, Exchange&)>;
  struct Options {
    bool tls = false;        // with a certificate for 127.0.0.1 and localhost by a CA of its own
    bool read_body = true;
    std::string unix_path;   // listen there instead of on TCP
  };

  explicit HttpServer(Handler handler) : HttpServer(std::move(handler), Options()) {}
  HttpServer(Handler handler, Options options);
  ~HttpServer();

  int port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return (options_.tls ? "https://" : "http://") + host(); }
  const std::string& ca_pem() const { return ca_pem_; }

  // Requests so far, without bodies.
  std::vector<Request> log() const;
  // How many requests had this method and a path that contains `part`.
  int Count(std::string_view method, std::string_view part) const;
  int connections() const { return connections_; }

 private:
  class Connection;

  void Accept();
  void MakeCertificate();

  const Handler handler_;
  const Options options_;
  std::string ca_pem_;
  std::shared_ptr<SSL_CTX> tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mu_;
  std::vector<Request> log_;      // guarded by mu_
  std::set<int> sockets_;         // open ones; guarded by mu_
  std::list<std::thread> threads_;  // guarded by mu_
  std::thread acceptor_;
};

}  // namespace gantry::fakes

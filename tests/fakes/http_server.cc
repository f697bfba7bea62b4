#include "tests/fakes/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "base/strings.h"
#include "tests/fakes/certificate.h"

namespace gantry::fakes {
namespace {

std::string UrlDecode(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '%' && i + 2 < s.size()) {
      out += static_cast<char>(std::stoi(std::string(s.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += s[i];
    }
  }
  return out;
}

void ParseTarget(Request& request) {
  const std::string_view target = request.target;
  const size_t question = target.find('?');
  request.path = UrlDecode(target.substr(0, question));
  if (question == target.npos) return;
  for (const std::string_view pair : Split(target.substr(question + 1), '&')) {
    const size_t equals = pair.find('=');
    request.query[UrlDecode(pair.substr(0, equals))] =
        equals == pair.npos ? "" : UrlDecode(pair.substr(equals + 1));
  }
}

}  // namespace

std::string Request::header(const std::string& lower_name) const {
  const auto it = headers.find(lower_name);
  return it == headers.end() ? "" : it->second;
}

// One connection: reads requests, hands them out, writes answers.
class HttpServer::Connection final : public Exchange {
 public:
  Connection(HttpServer& server, int socket, int id) : server_(server), socket_(socket), id_(id) {}
  ~Connection() override { Drop(); }

  void Serve() {
    if (server_.tls_ && !Handshake()) return;
    Request request;
    while (open_ && ReadHead(request)) {
      {
        std::lock_guard lock(server_.mu_);
        server_.log_.push_back(request);
      }
      if (server_.options_.read_body) request.body = ReadBody(SIZE_MAX);
      server_.handler_(request, *this);
      while (open_ && !ReadBody(1 << 20).empty()) {
      }
    }
  }

  std::string ReadBody(size_t limit) override {
    std::string body;
    if (expects_continue_ && open_) {
      expects_continue_ = false;
      Write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    while (body.size() < limit && open_) {
      if (left_ == 0) {
        if (!chunked_ || !NextChunk()) break;
      }
      if (buffer_.empty() && !Fill()) break;
      const size_t n = std::min({buffer_.size(), static_cast<size_t>(left_), limit - body.size()});
      body += buffer_.substr(0, n);
      buffer_.erase(0, n);
      left_ -= static_cast<int64_t>(n);
      if (chunked_ && left_ == 0) ReadLine();
    }
    return body;
  }

  void Reply(int status, std::vector<std::pair<std::string, std::string>> headers,
             std::string_view body) override {
    std::ostringstream head;
    head << "HTTP/1.1 " << status << " Test\r\n";
    bool sized = status == 204 || status == 304;
    for (const auto& [name, value] : headers) {
      sized |= EqualsIgnoreCase(name, "Content-Length") || EqualsIgnoreCase(name, "Transfer-Encoding");
      head << name << ": " << value << "\r\n";
    }
    if (!sized) head << "Content-Length: " << body.size() << "\r\n";
    head << "\r\n";
    Write(head.str());
    if (!is_head_) Write(body);
  }

  void Write(std::string_view raw) override {
    while (!raw.empty() && open_) {
      const int part = static_cast<int>(std::min<size_t>(raw.size(), 1 << 20));
      const ssize_t n = ssl_ ? SSL_write(ssl_.get(), raw.data(), part)
                             : send(socket_, raw.data(), static_cast<size_t>(part), MSG_NOSIGNAL);
      if (n <= 0) {
        open_ = false;
        return;
      }
      raw.remove_prefix(static_cast<size_t>(n));
    }
  }

  void Reset() override {
    const linger now{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Drop();
  }

  void Close() override { Drop(); }

  void Stall() override {
    // The server's destructor shuts the socket down, which ends this; what arrives is not read.
    pollfd wait{socket_, POLLRDHUP, 0};
    while (!server_.stopping_ && poll(&wait, 1, -1) >= 0 && !(wait.revents & (POLLRDHUP | POLLHUP | POLLERR))) {
    }
    open_ = false;
  }

 private:
  bool Handshake() {
    ssl_.reset(SSL_new(server_.tls_.get()), &SSL_free);
    SSL_set_fd(ssl_.get(), socket_);
    return SSL_accept(ssl_.get()) == 1;
  }

  bool Fill() {
    char bytes[65536];
    const ssize_t n = ssl_ ? SSL_read(ssl_.get(), bytes, sizeof bytes)
                           : recv(socket_, bytes, sizeof bytes, 0);
    if (n <= 0) {
      open_ = false;
      return false;
    }
    buffer_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  std::string ReadLine() {
    size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!Fill()) return "";
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }

  bool NextChunk() {
    left_ = std::strtoll(ReadLine().c_str(), nullptr, 16);
    if (left_ > 0) return true;
    if (open_) ReadLine();
    chunked_ = false;
    return false;
  }

  bool ReadHead(Request& request) {
    request = Request();
    request.connection = id_;
    if (buffer_.empty() && !Fill()) return false;
    if (buffer_.front() == '\x16') {  // a TLS client: real servers answer so, in plain text
      Reply(400, {{"Connection", "close"}}, "this is plain HTTP");
      return false;
    }
    std::istringstream first(ReadLine());
    first >> request.method >> request.target;
    if (request.method.empty()) return false;
    ParseTarget(request);
    for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) {
      const size_t colon = line.find(':');
      request.headers[ToLower(line.substr(0, colon))] = std::string(Trim(line.substr(colon + 1)));
    }
    is_head_ = request.method == "HEAD";
    left_ = std::strtoll(request.header("content-length").c_str(), nullptr, 10);
    chunked_ = request.header("transfer-encoding") == "chunked";
    expects_continue_ = EqualsIgnoreCase(request.header("expect"), "100-continue");
    return open_;
  }

  void Drop() {
    open_ = false;
    if (socket_ < 0) return;
    std::lock_guard lock(server_.mu_);
    server_.sockets_.erase(socket_);
    close(socket_);
    socket_ = -1;
  }

  HttpServer& server_;
  int socket_;
  const int id_;
  std::shared_ptr<SSL> ssl_;
  bool open_ = true;
  std::string buffer_;
  int64_t left_ = 0;  // of the body, or of the current chunk
  bool chunked_ = false, is_head_ = false, expects_continue_ = false;
};

HttpServer::HttpServer(Handler handler, Options options)
    : handler_(std::move(handler)), options_(std::move(options)) {
  signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that clients have closed
  if (options_.tls) {
    Certificate certificate = MakeServerCertificate();
    ca_pem_ = certificate.ca_pem;
    tls_ = certificate.context;
  }
  if (options_.unix_path.empty()) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  } else {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    options_.unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
  }
  if (listen(listener_, 128) != 0) std::abort();
  acceptor_ = std::thread([this] { Accept(); });
}

HttpServer::~HttpServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::list<std::thread> threads;
  {
    std::lock_guard lock(mu_);
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void HttpServer::Accept() {
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int id = ++connections_;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::lock_guard lock(mu_);
    sockets_.insert(socket);
    if (stopping_) shutdown(socket, SHUT_RDWR);
    threads_.emplace_back([this, socket, id] { Connection(*this, socket, id).Serve(); });
  }
}

std::vector<Request> HttpServer::log() const {
  std::lock_guard lock(mu_);
  return log_;
}

int HttpServer::Count(std::string_view method, std::string_view part) const {
  std::lock_guard lock(mu_);
  return static_cast<int>(std::count_if(log_.begin(), log_.end(), [&](const Request& r) {
    return r.method == method && r.target.find(part) != std::string::npos;
  }));
}

}  // namespace gantry::fakes

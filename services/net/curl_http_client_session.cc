#include "net/curl_http_client_session.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "base/guard.h"
#include "base/status.h"
#include "base/strings.h"
#include "net/address_policy.h"

namespace gantry {
namespace {

using std::chrono::steady_clock;

constexpr size_t kMaxHeaderBytes = 256 << 10;
constexpr long kBufferBytes = 512 << 10;  // layers are gigabytes

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void Append(HeaderList& list, const std::string& line) {
  list.reset(curl_slist_append(list.release(), line.c_str()));
}

// A proxy cannot reach this machine, nor should it see what is for it.
bool GoesDirect(const HttpRequest& request) {
  return request.bypass_proxy || IsLoopbackHost(AuthorityOf(request.url));
}

bool ProxyIsConfigured() {
  return std::getenv("https_proxy") || std::getenv("HTTPS_PROXY") || std::getenv("http_proxy") ||
         std::getenv("all_proxy") || std::getenv("ALL_PROXY");
}

// Adds certificates to those of the system; each part is PEM text of its own.
CURLcode AddCertificates(CURL*, void* ssl_context, void* parts) {
  X509_STORE* store = SSL_CTX_get_cert_store(static_cast<SSL_CTX*>(ssl_context));
  for (const std::string_view text : *static_cast<const std::array<std::string_view, 2>*>(parts)) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
    while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
      X509_STORE_add_cert(store, certificate);
      X509_free(certificate);
    }
  }
  ERR_clear_error();  // the end of each text is an error to OpenSSL
  return CURLE_OK;
}

curl_blob BlobOf(std::string_view text) {
  // Without CURL_BLOB_COPY the data is only read; the interface is older than const.
  return {const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
}

}  // namespace

// One request's state while curl works on it.
struct CurlSession::Transfer {
  CURL* easy;
  const HttpRequest& request;
  HttpResponse response;
  HeaderList headers;
  HeaderList connect_to;
  std::array<std::string_view, 2> certificates;  // PEM: of the daemon, and of the registry
  char error_text[CURL_ERROR_SIZE] = {};
  size_t header_bytes = 0;
  bool header_overflow = false;
  bool head_complete = false;  // of the final answer
  bool body_sent = false;
  bool body_touched = false;
  bool address_refused = false;
  AddressPolicy addresses = AddressPolicy::kAny;  // what is checked of each connection
  absl::Status body_status;                       // of the upload's reader or the download's writer

  static size_t OnHeader(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->Header({data, size});
  }
  static size_t OnBody(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->Body({data, size});
  }
  static size_t OnRead(char* data, size_t, size_t size, void* self) {
    return static_cast<Transfer*>(self)->Read({data, size});
  }
  // Nothing can be read twice; before the first read there is nothing to go back over.
  static int OnSeek(void* self, curl_off_t offset, int origin) {
    const bool fresh = !static_cast<Transfer*>(self)->body_touched;
    return fresh && offset == 0 && origin == SEEK_SET ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
  }
  static curl_socket_t OnSocket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(self);
    const bool refused =
        transfer.addresses == AddressPolicy::kPublicOnly
            ? !IsPublicAddress(address->addr)
            : transfer.addresses == AddressPolicy::kNotLocal && IsLocalAddress(address->addr);
    if (refused) {
      transfer.address_refused = true;
      return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  size_t Header(std::string_view line);
  size_t Body(std::string_view bytes);
  size_t Read(std::span<char> buffer);
  int Status() const {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }
};

size_t CurlSession::Transfer::Header(std::string_view line) {
  header_bytes += line.size();
  if (header_bytes > kMaxHeaderBytes) {
    header_overflow = true;
    return 0;
  }
  const size_t size = line.size();
  line = Trim(line);
  if (line.substr(0, 5) == "HTTP/") {  // a new answer: what came before was 100 Continue
    response.headers = {};
  } else if (const size_t colon = line.find(':'); colon != line.npos) {
    response.headers.Add(line.substr(0, colon), Trim(line.substr(colon + 1)));
  } else if (line.empty() && Status() >= 200) {
    head_complete = true;
  }
  return size;
}

size_t CurlSession::Transfer::Body(std::string_view bytes) {
  const int status = Status();
  if (request.download && status >= 200 && status < 300) {
    body_status = Guard([&] { return request.download->Write(bytes); });
    return body_status.ok() ? bytes.size() : 0;
  }
  const size_t room = request.max_body_bytes - response.body.size();
  response.body += bytes.substr(0, room);
  if (bytes.size() <= room) return bytes.size();
  response.body_cut = true;
  return 0;
}

size_t CurlSession::Transfer::Read(std::span<char> buffer) {
  body_touched = true;
  const auto n = Guard([&] { return request.upload->Read(buffer); });
  if (!n.ok()) {
    body_status = n.status();
    return CURL_READFUNC_ABORT;
  }
  response.bytes_sent += static_cast<int64_t>(*n);
  body_sent = *n == 0 || (request.upload_size && response.bytes_sent >= *request.upload_size);
  return *n;
}

CurlSession::CurlSession() : multi_(curl_multi_init()), easy_(curl_easy_init()) {
  if (!multi_ || !easy_) std::abort();
}

CurlSession::~CurlSession() {
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
}

void CurlSession::Configure(const HttpRequest& request, const HttpClientOptions& options,
                            Transfer& transfer) {
  curl_easy_reset(easy_);
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs is left behind, where a call would else outlive its end to wait for it.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(CURLOPT_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_ERRORBUFFER, &transfer.error_text[0]);
  set(CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::OnSocket);
  set(CURLOPT_OPENSOCKETDATA, &transfer);
  if (!request.transport.unix_socket.empty()) {
    set(CURLOPT_UNIX_SOCKET_PATH, request.transport.unix_socket.c_str());
  }
  for (const auto& [name, value] : request.headers) {
    Append(transfer.headers, value.empty() ? name + ";" : name + ": " + value);
  }
  Append(transfer.headers, "Expect:");
  if (!request.headers.Get("Content-Type")) Append(transfer.headers, "Content-Type:");
  if (!request.headers.Get("Accept")) Append(transfer.headers, "Accept: */*");
  set(CURLOPT_HTTPHEADER, transfer.headers.get());
  ConfigureBody(request, transfer);
  ConfigureTrust(request, options, transfer);
  ConfigureRoute(request, options, transfer);
}

void CurlSession::ConfigureBody(const HttpRequest& request, Transfer& transfer) {
  const auto set = [this](CURLoption option, auto value) {
    curl_easy_setopt(easy_, option, value);
  };
  if (request.upload) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, &Transfer::OnRead);
    set(CURLOPT_READDATA, &transfer);
    set(CURLOPT_SEEKFUNCTION, &Transfer::OnSeek);
    set(CURLOPT_SEEKDATA, &transfer);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload_size.value_or(-1)));
  } else if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
             request.method == "PATCH") {
    // Also without a body: these say "Content-Length: 0", which some registries insist on.
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  transfer.body_sent = !request.upload;
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlSession::ConfigureTrust(const HttpRequest& request, const HttpClientOptions& options,
                                 Transfer& transfer) {
  if (request.transport.skip_tls_verify) {
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  transfer.certificates = {options.ca_certificates, request.transport.ca_certificate};
  if (!options.ca_certificates.empty() || !request.transport.ca_certificate.empty()) {
    curl_easy_setopt(easy_, CURLOPT_SSL_CTX_FUNCTION, &AddCertificates);
    curl_easy_setopt(easy_, CURLOPT_SSL_CTX_DATA, &transfer.certificates);
  }
  if (const auto& identity = request.transport.identity) {
    curl_blob certificate = BlobOf(identity->certificate);
    curl_blob key = BlobOf(identity->key.Reveal());
    curl_easy_setopt(easy_, CURLOPT_SSLCERT_BLOB, &certificate);
    curl_easy_setopt(easy_, CURLOPT_SSLKEY_BLOB, &key);
  }
}

void CurlSession::ConfigureRoute(const HttpRequest& request, const HttpClientOptions& options,
                                 Transfer& transfer) {
  const bool direct = GoesDirect(request);
  if (direct) curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  transfer.addresses = request.addresses;
  for (const ConnectTo& entry : options.connect_to) {
    if (!entry.Serves(request.url)) continue;
    Append(transfer.connect_to, entry.text());
    curl_easy_setopt(easy_, CURLOPT_CONNECT_TO, transfer.connect_to.get());
    transfer.addresses = AddressPolicy::kAny;  // the operator chose the address
    return;
  }
  // Through a proxy the address is the proxy's, which the operator chose; of the target, what can
  // be seen is a literal one.
  if (request.addresses == AddressPolicy::kAny || direct || !ProxyIsConfigured()) return;
  transfer.addresses = AddressPolicy::kAny;
  transfer.address_refused = IsLiteralPrivateHost(AuthorityOf(request.url));
}

bool CurlSession::PeerIsPrivate(const HttpRequest& request) const {
  if (!GoesDirect(request) && ProxyIsConfigured()) return false;
  const char* ip = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &ip);
  if (ip == nullptr) return false;
  const std::string_view text = ip;
  const bool v6 = text.find(':') != text.npos;
  return IsLiteralPrivateHost(v6 ? fmt::format("[{}]", text) : std::string(text));
}

absl::Status CurlSession::Drive(const CallContext& call, const HttpRequest& request,
                                Transfer& transfer) {
  const std::stop_callback wake(call.stop_token(), [this] { curl_multi_wakeup(multi_); });
  steady_clock::time_point progress = steady_clock::now();
  curl_off_t moved = -1;
  bool was_sent = false;
  for (;;) {
    int running = 0;
    if (const CURLMcode code = curl_multi_perform(multi_, &running); code != CURLM_OK) {
      return Internal(reason::kInternal, "curl: {}", curl_multi_strerror(code));
    }
    if (running == 0) return absl::OkStatus();
    if (absl::Status s = call.Check(); !s.ok()) return s;

    curl_off_t up = 0, down = 0;
    curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &down);
    if (up + down != moved || transfer.body_sent != was_sent) {
      moved = up + down;
      was_sent = transfer.body_sent;
      progress = steady_clock::now();
    }
    // A registry may take minutes to store what it has; that is no stall.
    const bool waiting = transfer.body_sent && !transfer.head_complete;
    const milliseconds limit = waiting ? request.response_timeout : request.stall_timeout;
    const auto idle = std::chrono::duration_cast<milliseconds>(steady_clock::now() - progress);
    if (idle >= limit) {
      return CurlError(CURLE_OPERATION_TIMEDOUT,
                       waiting ? fmt::format("no answer for {} s", limit.count() / 1000)
                               : fmt::format("no byte moved for {} s", limit.count() / 1000),
                       request.url);
    }
    const milliseconds wait = std::min({limit - idle, call.Remaining(), milliseconds(1000)});
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::max<int64_t>(1, wait.count())),
                    nullptr);
  }
}

absl::StatusOr<HttpResponse> CurlSession::Run(const CallContext& call, const HttpRequest& request,
                                              const HttpClientOptions& options) {
  Transfer transfer{.easy = easy_,
                    .request = request,
                    .response = {},
                    .headers = {},
                    .connect_to = {},
                    .certificates = {},
                    .body_status = {}};
  Configure(request, options, transfer);
  CURLcode code = CURLE_OK;
  absl::Status status;
  if (!transfer.address_refused) {
    curl_multi_add_handle(multi_, easy_);
    status = Drive(call, request, transfer);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) code = message->data.result;
    }
    curl_multi_remove_handle(multi_, easy_);
  }
  reusable_ = status.ok() && code == CURLE_OK;
  if (!status.ok()) return status;
  if (!transfer.body_status.ok()) return transfer.body_status;
  if (transfer.header_overflow) {
    return CurlError(CURLE_WEIRD_SERVER_REPLY, "its headers are longer than 256 KiB", request.url);
  }
  transfer.response.status = transfer.Status();
  // An answer that came before the body was sent, or a body that was cut, is an answer all the
  // same.
  const bool answered =
      transfer.head_complete && (transfer.response.body_cut || transfer.response.status >= 400);
  if (code == CURLE_OK || answered) {
    transfer.response.private_peer = PeerIsPrivate(request);
    return std::move(transfer.response);
  }
  if (transfer.address_refused) {
    const bool local = request.addresses == AddressPolicy::kNotLocal;
    return PermissionDenied(
               reason::kAddressRefused, "{}: the address is {}",
               std::string_view(request.url).substr(0, request.url.find('?')),
               local ? "this machine's own, or of its link" : "not on the public internet")
        .Remedy("{}have the operator start gantryd with --connect-to HOST:PORT:HOST2:PORT2",
                local ? "give a public or private address, or "
                      : "register the registry, if it is yours and is not registered: gantry "
                        "container-registry register; for another host that it sends to, ");
  }
  return CurlError(code, transfer.error_text, request.url, easy_);
}

}  // namespace gantry

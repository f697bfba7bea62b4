// HTTP/1.1 as the rest of Gantry sees it: one request, one response, bodies as streams.
//
// Requests are sent once: no redirect is followed, nothing is retried, no cookie is kept.  What a
// registry may be asked again is for the layers above to decide.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/call_context.h"
#include "base/clock.h"
#include "base/secret.h"

namespace gantry {

// Header fields in order; names compare without case (RFC 9110 §5.1).
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}

  void Add(std::string_view name, std::string_view value);
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name);
  // The first value, or nothing.
  std::optional<std::string> Get(std::string_view name) const;
  std::vector<std::string> GetAll(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// A client certificate: PEM both, the chain with the certificate itself first.
struct ClientIdentity {
  std::string certificate;
  Secret key;
};

// How to trust and reach one host; part of a registry's configuration.
struct Transport {
  bool plain_http = false;        // only where asked for, or the host is on loopback
  bool skip_tls_verify = false;   // only where asked for
  std::string ca_certificate;     // PEM, beside the system's own certificates
  std::shared_ptr<const ClientIdentity> identity;  // shown to the host when it asks; or null
  std::string unix_socket;        // path: connect there, whatever the URL's host says

  bool operator==(const Transport&) const = default;
};

// Which addresses a connection may end at, checked after DNS (clouds that answer with a Location or
// a realm of their choice must not reach what only this machine can).
enum class AddressPolicy {
  kAny,         // a host that the operator configured
  kPublicOnly,  // refuses loopback, link-local, private and unique-local addresses
  kNotLocal,    // refuses loopback and link-local: a private network may be the cloud's own
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  HttpHeaders headers;

  std::string body;              // a small body, or
  ByteReader* upload = nullptr;  // a streamed one; borrowed.  Content-Length when upload_size is
  std::optional<int64_t> upload_size;  // given, else chunked transfer coding.

  ByteWriter* download = nullptr;  // takes the body of a 2xx answer; borrowed.  Other bodies, and
  size_t max_body_bytes = 64 << 10;  // all without it, go to HttpResponse::body, cut at this size.

  Transport transport;
  AddressPolicy addresses = AddressPolicy::kAny;
  bool bypass_proxy = false;  // for services of the machine's own
  bool secret_body = false;  // keep the bodies of request and answer out of debug logs

  milliseconds connect_timeout{10'000};
  milliseconds stall_timeout{60'000};     // no byte moved while a body is under way
  milliseconds response_timeout{60'000};  // from the last byte sent to the first received
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  bool body_cut = false;     // longer than max_body_bytes; the rest was not read
  int64_t bytes_sent = 0;    // of the request's body; less than its size after an early answer
  bool private_peer = false;  // came from an address that is not public, and is not a proxy's
};

// Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Any HTTP status is a response, not an error.  Blocks until the answer is whole; `call`'s
  // deadline and cancellation end it at once.  An answer that comes before the body is sent ends
  // the sending.  Reuses connections per host.
  //   UNAVAILABLE UPSTREAM_UNAVAILABLE    DNS, connect, reset, stall; worth another try
  //   FAILED_PRECONDITION UPSTREAM_TLS    certificate refused; not worth another
  //   FAILED_PRECONDITION UPSTREAM_PROTOCOL  not HTTP, or headers over 256 KiB
  //   PERMISSION_DENIED ADDRESS_REFUSED   AddressPolicy
  //   CANCELLED, DEADLINE_EXCEEDED        of the call
  // Metadata "stage" of an error on the way to the host: "dns", "proxy", "tcp" or "tls".  Metadata
  // "connection", "reused", when one that an earlier request had left open broke before a byte of
  // the answer came: its other end may have closed it just as this request went out.
  // An error of `upload` or `download` is returned as it is.
  virtual absl::StatusOr<HttpResponse> Do(const CallContext& call, const HttpRequest& request) = 0;
};

}  // namespace gantry

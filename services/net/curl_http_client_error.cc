#include "base/status.h"
#include "net/address_policy.h"
#include "net/curl_http_client_session.h"
#include "net/redact.h"

namespace gantry {
namespace {

// The status that a proxy gave to CONNECT; 0 without one.
long ProxyAnswer(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status;
}

// The part of the way that a transfer has failed at; empty once an answer was due.
std::string_view StageOf(CURLcode code, CURL* easy) {
  curl_off_t looked_up = 0;
  long local_port = 0;  // of a connection that is there; its time is told only after TLS
  curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &looked_up);
  curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &local_port);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "dns";
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return "proxy";
    case CURLE_COULDNT_CONNECT:
      return "tcp";
    case CURLE_RECV_ERROR:
      return ProxyAnswer(easy) / 100 > 2 ? "proxy" : "";
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CONNECT_ERROR:
      return "tls";
    case CURLE_OPERATION_TIMEDOUT:  // curl's own timeout is that of connecting
      return looked_up == 0 ? "dns" : local_port > 0 ? "tls" : "tcp";
    default:
      return "";
  }
}

// Whether a connection that an earlier transfer had left open broke before a byte of the answer.
bool BrokeWhenReused(CURLcode code, CURL* easy) {
  long connects = 1, header_bytes = 0;
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
  curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &header_bytes);
  if (header_bytes > 0) return false;
  // curl has made a new connection for that very reason, and cannot have the body again.
  if (code == CURLE_SEND_FAIL_REWIND) return true;
  const bool broke =
      code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING;
  return broke && connects == 0;
}

// What an HTTP proxy answered in the place of the host.
absl::Status ProxyError(const std::string& host, long status) {
  if (status == 407) {
    return FailedPrecondition(reason::kUpstreamAuthRejected,
                              "{}: the HTTP proxy on the way wants a login", host)
        .With("registry", host)
        .Remedy(
            "put the HTTP proxy's user and password into gantryd's HTTPS_PROXY "
            "(http://user:password@host:port), or set NO_PROXY for {}",
            host);
  }
  const std::string remedy =
      fmt::format("let the HTTP proxy pass connections to {}, or set NO_PROXY for it", host);
  if (status / 100 == 4) {
    return FailedPrecondition(reason::kUpstreamRejected,
                              "{}: the HTTP proxy on the way refused with HTTP {}", host, status)
        .With("registry", host)
        .Remedy("{}", remedy);
  }
  return Unavailable(reason::kUpstreamUnavailable,
                     "{}: the HTTP proxy on the way did not connect: HTTP {}", host, status)
      .With("registry", host)
      .Remedy("{}", remedy);
}

// Why the transfer failed, wherever on its way it was.
absl::Status ErrorOf(CURLcode code, const std::string& detail, const std::string& url, long proxy) {
  const std::string host(AuthorityOf(RedactUrl(url)));
  const std::string text = Excerpt(detail.empty() ? curl_easy_strerror(code) : detail, 200);
  if (code == CURLE_RECV_ERROR && proxy / 100 > 2) return ProxyError(host, proxy);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Unavailable(reason::kUpstreamUnavailable, "{}: the proxy's host name is not known: {}",
                         host, text)
          .With("registry", host)
          .Remedy("check HTTPS_PROXY and NO_PROXY in gantryd's environment");
    case CURLE_COULDNT_RESOLVE_HOST:
      return Unavailable(reason::kUpstreamUnavailable, "{}: the host name is not known: {}", host,
                         text)
          .With("registry", host)
          .Remedy("check the spelling of the registry's host, and this machine's DNS");
    case CURLE_COULDNT_CONNECT:
      return Unavailable(reason::kUpstreamUnavailable, "{}: cannot connect: {}", host, text)
          .With("registry", host)
          .Remedy("check that the registry runs, its port, and that no firewall is in the way");
    case CURLE_OPERATION_TIMEDOUT:
      return Unavailable(reason::kUpstreamUnavailable, "{}: no answer in time: {}", host, text)
          .With("registry", host)
          .Remedy("check that the registry runs and that no firewall is in the way");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
      return FailedPrecondition(reason::kUpstreamTls, "{}: the certificate is not trusted: {}",
                                host, text)
          .With("registry", host)
          .Remedy(
              "give the registry's CA certificate (--ca-file), or use the host name that is in "
              "its certificate");
    case CURLE_SSL_CONNECT_ERROR:
      if (detail.find("wrong version number") != detail.npos) {
        return FailedPrecondition(reason::kUpstreamTls, "{} speaks plain HTTP, not TLS", host)
            .With("registry", host)
            .Remedy("if that is meant, register it with --insecure-http");
      }
      return Unavailable(reason::kUpstreamUnavailable, "{}: TLS failed: {}", host, text)
          .With("registry", host)
          .Remedy("check that the port is the registry's TLS port");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_URL_MALFORMAT:
      return FailedPrecondition(reason::kUpstreamProtocol, "{} does not answer as a registry: {}",
                                host, text)
          .With("registry", host)
          .Remedy("check the registry's host and port");
    default:
      return Unavailable(reason::kUpstreamUnavailable, "{}: the connection broke: {}", host, text)
          .With("registry", host)
          .Remedy("check the network between gantryd and the registry");
  }
}

}  // namespace

absl::Status CurlError(CURLcode code, const std::string& detail, const std::string& url,
                       CURL* easy) {
  const long proxy = easy ? ProxyAnswer(easy) : 0;
  absl::Status status = ErrorOf(code, detail, url, proxy);
  if (!easy) return status;
  ErrorDetail told = DetailOf(status);
  const std::string_view stage = StageOf(code, easy);
  if (!stage.empty()) told.metadata.emplace("stage", stage);
  if (BrokeWhenReused(code, easy)) told.metadata.emplace("connection", "reused");
  SetDetail(status, told);
  return status;
}

}  // namespace gantry

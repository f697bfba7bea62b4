#include "base/status.h"
#include "net/curl_http_client_session.h"
#include "net/redact.h"

namespace gantry {
namespace {

std::string HostOf(const std::string& url) {
  const size_t begin = url.find("://") == url.npos ? 0 : url.find("://") + 3;
  return url.substr(begin, url.find_first_of("/?", begin) - begin);
}

// What an HTTP proxy answered in the place of the host: curl has no code of its own for it.
absl::Status ProxyError(const std::string& host, const std::string& text) {
  if (text.ends_with("407")) {
    return FailedPrecondition(reason::kUpstreamAuthRejected,
                              "{}: the HTTP proxy on the way wants a login: {}", host, text)
        .With("registry", host)
        .Remedy(
            "put the HTTP proxy's user and password into gantryd's HTTPS_PROXY "
            "(http://user:password@host:port), or set NO_PROXY for {}",
            host);
  }
  return Unavailable(reason::kUpstreamUnavailable,
                     "{}: the HTTP proxy on the way did not connect: {}", host, text)
      .With("registry", host)
      .Remedy("let the HTTP proxy pass connections to {}, or set NO_PROXY for it", host);
}

}  // namespace

absl::Status CurlError(CURLcode code, const std::string& detail, const std::string& url) {
  const std::string host = HostOf(RedactUrl(url));
  const std::string text = Excerpt(detail.empty() ? curl_easy_strerror(code) : detail, 200);
  if (text.starts_with("CONNECT tunnel failed")) return ProxyError(host, text);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
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

}  // namespace gantry

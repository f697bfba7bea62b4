#include "oci/registry_endpoint.h"

#include <arpa/inet.h>

#include <cstring>
#include <optional>

#include "base/status.h"
#include "base/strings.h"
#include "oci/reference.h"

namespace gantry {
namespace {

enum class AddressKind { kPublic, kPrivate, kLinkLocal };

AddressKind KindOfV4(uint32_t a) {
  const auto in = [a](uint32_t net, int bits) { return (a ^ net) >> (32 - bits) == 0; };
  if (in(0xA9FE0000, 16)) return AddressKind::kLinkLocal;  // 169.254.0.0/16
  const bool special = in(0x00000000, 8) || in(0x0A000000, 8) || in(0x64400000, 10) ||
                       in(0x7F000000, 8) || in(0xAC100000, 12) || in(0xC0A80000, 16) ||
                       in(0xE0000000, 3);
  return special ? AddressKind::kPrivate : AddressKind::kPublic;
}

AddressKind KindOfV6(const in6_addr& a) {
  const uint8_t* b = a.s6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&a)) {
    uint32_t v4;
    std::memcpy(&v4, b + 12, sizeof v4);
    return KindOfV4(ntohl(v4));
  }
  // fd00:ec2::254 is a metadata service, too.
  const bool link_local = (b[0] == 0xFE && (b[1] & 0xC0) == 0x80) ||
                          (b[0] == 0xFD && b[1] == 0x00 && b[2] == 0x0E && b[3] == 0xC2);
  if (link_local) return AddressKind::kLinkLocal;
  const bool special = IN6_IS_ADDR_LOOPBACK(&a) || IN6_IS_ADDR_UNSPECIFIED(&a) ||
                       (b[0] & 0xFE) == 0xFC || b[0] == 0xFF;
  return special ? AddressKind::kPrivate : AddressKind::kPublic;
}

// Of a host as it is written; a name says nothing until it is resolved, which is when the HTTP
// client applies the AddressPolicy.
AddressKind KindOfHost(std::string_view host) {
  if (IsLoopbackHost(host)) return AddressKind::kPrivate;
  in_addr v4;
  if (inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1) return KindOfV4(ntohl(v4.s_addr));
  if (host.size() > 2 && host.front() == '[') {
    in6_addr v6;
    const std::string inside(host.substr(1, host.size() - 2));
    if (inet_pton(AF_INET6, inside.c_str(), &v6) == 1) return KindOfV6(v6);
  }
  return AddressKind::kPublic;
}

Error Refused(const std::string& host, const Url& url, std::string_view why) {
  return PermissionDenied(reason::kAddressRefused, "registry {} sent us to {}, {}", host,
                          url.authority(), why)
      .With("registry", host)
      .With("address", url.authority());
}

}  // namespace

RegistryEndpoint::RegistryEndpoint(std::string host, Transport transport, AddressPolicy addresses)
    : host_(std::move(host)), transport_(std::move(transport)), addresses_(addresses) {
  const std::string scheme = transport_.plain_http ? "http://" : "https://";
  if (auto url = Url::Parse(scheme + ApiHost(host_)); url.ok()) {
    base_ = *std::move(url);
  } else {
    base_ = {!transport_.plain_http, ApiHost(host_), transport_.plain_http ? 80 : 443, "/"};
  }
  in_private_network_ = addresses_ == AddressPolicy::kAny &&
                        (transport_.plain_http || !transport_.ca_certificate.empty() ||
                         KindOfHost(base_.host) != AddressKind::kPublic);
}

absl::StatusOr<Destination> RegistryEndpoint::Follow(const Url& from,
                                                     std::string_view reference) const {
  auto resolved = from.Resolve(reference);
  if (!resolved.ok()) {
    return FailedPrecondition(reason::kUpstreamProtocol, "registry {} named a URL: {}", host_,
                              MessageOf(resolved.status()))
        .With("registry", host_)
        .Remedy("check the reverse proxy in front of the registry, and its external URL");
  }
  Destination to;
  to.url = *std::move(resolved);
  const bool same_host = to.url.host == base_.host;
  if (same_host && base_.https && !to.url.https) {
    to.url.https = true;
    if (to.url.port == 80) to.url.port = 443;
  }
  if (!to.url.https && base_.https) {
    return Refused(host_, to.url, "which is plain http")
        .Remedy("a registry that is reached by https may only name https URLs; correct the "
                "registry's external URL");
  }
  to.is_registry = to.url.SameOrigin(base_);
  if (!same_host) {
    const AddressKind kind = KindOfHost(to.url.host);
    if (kind == AddressKind::kLinkLocal ||
        (kind == AddressKind::kPrivate && !in_private_network_)) {
      return Refused(host_, to.url, "an address of this machine or its network")
          .Remedy("correct the registry's external URL; a registry on a private network is "
                  "configured with its private address or its ca_certificate");
    }
  }
  const bool shares_ca = same_host || !transport_.ca_certificate.empty();
  if (shares_ca) to.transport.ca_certificate = transport_.ca_certificate;
  to.transport.skip_tls_verify = same_host && transport_.skip_tls_verify;
  if (to.is_registry) to.transport.unix_socket = transport_.unix_socket;
  to.transport.plain_http = !to.url.https;
  to.addresses = same_host             ? addresses_
                 : in_private_network_ ? AddressPolicy::kAny
                                       : AddressPolicy::kPublicOnly;
  return to;
}

}  // namespace gantry

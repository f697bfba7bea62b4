#include "oci/registry_endpoint.h"

#include <arpa/inet.h>

#include "base/status.h"
#include "net/address_policy.h"
#include "oci/reference.h"

namespace gantry {
namespace {

// Where clouds keep their metadata services.
bool IsLinkLocal(std::string_view host) {
  in_addr v4;
  if (inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1) {
    return ntohl(v4.s_addr) >> 16 == 0xA9FE;  // 169.254.0.0/16
  }
  if (host.size() < 3 || host.front() != '[') return false;
  in6_addr v6;
  const std::string inside(host.substr(1, host.size() - 2));
  if (inet_pton(AF_INET6, inside.c_str(), &v6) != 1) return false;
  const uint8_t* b = v6.s6_addr;
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6) && b[12] == 0xA9 && b[13] == 0xFE;
  const bool aws = b[0] == 0xFD && b[1] == 0x00 && b[2] == 0x0E && b[3] == 0xC2;  // fd00:ec2::254
  return mapped || aws || IN6_IS_ADDR_LINKLOCAL(&v6);
}

// As it is written; a name says nothing until it is resolved, which is when the HTTP client applies
// the AddressPolicy.
bool IsInside(std::string_view host) { return IsLoopbackHost(host) || IsLiteralPrivateHost(host); }

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
  in_private_network_ =
      addresses_ == AddressPolicy::kAny &&
      (transport_.plain_http || !transport_.ca_certificate.empty() || IsInside(base_.host));
}

AddressPolicy RegistryEndpoint::NeighbourAddresses() const {
  if (in_private_network_) return AddressPolicy::kAny;
  const bool near = addresses_ == AddressPolicy::kAny && answered_privately_;
  return near ? AddressPolicy::kNotLocal : AddressPolicy::kPublicOnly;
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
        .Remedy(
            "a registry that is reached by https may only name https URLs; correct the "
            "registry's external URL");
  }
  to.is_registry = to.url.SameOrigin(base_);
  const bool forbidden = in_private_network_ ? IsLinkLocal(to.url.host) : IsInside(to.url.host);
  if (!same_host && forbidden) {
    return Refused(host_, to.url, "an address of this machine or its network")
        .Remedy(
            "correct the registry's external URL; a registry on a private network is "
            "configured with its private address or its ca_certificate");
  }
  const bool shares_ca = same_host || !transport_.ca_certificate.empty();
  if (shares_ca) to.transport.ca_certificate = transport_.ca_certificate;
  to.transport.skip_tls_verify = same_host && transport_.skip_tls_verify;
  if (same_host) to.transport.identity = transport_.identity;
  if (to.is_registry) to.transport.unix_socket = transport_.unix_socket;
  to.transport.plain_http = !to.url.https;
  to.addresses = same_host ? addresses_ : NeighbourAddresses();
  return to;
}

}  // namespace gantry

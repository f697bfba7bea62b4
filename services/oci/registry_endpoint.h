// Where a registry is reached, and where it may send us: which URLs of its answers are followed.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <string>
#include <string_view>

#include "net/http_client.h"
#include "oci/url.h"

namespace gantry {

// A URL that may be asked, and how to get there.
struct Destination {
  Url url;
  Transport transport;
  AddressPolicy addresses = AddressPolicy::kAny;
  bool is_registry = false;  // the registry's own origin: its credentials may go there
};

// The registry as it is configured, and what its answers have shown.  Thread-safe.
//
// Credentials go in plain text only where the operator chose plain http for the registry: nothing
// else makes an http destination.
//
// Whatever host a registry names in a redirect, an upload's Location or a realm is the registry's
// choice, not the operator's.  So it must be https (unless the registry itself is plain http), and
// at a public address: the daemon must not be led to what only its machine or network can reach.
// A registry that is itself on loopback, at a private address, plain http or behind a private
// certificate authority belongs to such a network and may name others there; but never a link-local
// address, where clouds keep their metadata services.  One whose own name has led to a private
// address, as a private endpoint's does, may lead to others by their names, but not to this machine.
class RegistryEndpoint {
 public:
  // `host` is canonical.  kPublicOnly for a host that no operator has configured.
  RegistryEndpoint(std::string host, Transport transport,
                   AddressPolicy addresses = AddressPolicy::kAny);

  const std::string& host() const { return host_; }
  const Url& base() const { return base_; }  // its target is "/"
  const Transport& transport() const { return transport_; }

  // The destination that `reference` names, as read in an answer from `from`.  http at the
  // registry's own host becomes https where that is configured: a proxy in front ended TLS.
  //   PERMISSION_DENIED ADDRESS_REFUSED       the rules above
  //   FAILED_PRECONDITION UPSTREAM_PROTOCOL   no URL
  absl::StatusOr<Destination> Follow(const Url& from, std::string_view reference) const;

  // The registry itself has answered, from a private address or not.
  void Answered(bool from_private_address) { answered_privately_ = from_private_address; }

 private:
  // Where the names of other hosts may lead.
  AddressPolicy NeighbourAddresses() const;

  const std::string host_;
  const Transport transport_;
  const AddressPolicy addresses_;
  Url base_;
  bool in_private_network_ = false;
  std::atomic<bool> answered_privately_ = false;
};

}  // namespace gantry

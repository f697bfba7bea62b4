// Hosts as they are written, and which network addresses lie on the public internet, and which only near this machine.
#pragma once

#include <string_view>

struct sockaddr;

namespace gantry {

// "r.example.com:5000" of "https://r.example.com:5000/v2/": the host of a URL, with its port if that is
// written.  Borrows from `url`; empty when that is none.
std::string_view AuthorityOf(std::string_view url);

// Loopback, link-local, private, unique-local, shared (RFC 6598), "this network", multicast and
// broadcast are not public; an IPv4-mapped IPv6 address is what it maps.
bool IsPublicAddress(const sockaddr& address);

// Loopback, link-local and "this network": this machine, and what clouds put beside it (metadata
// services).
bool IsLocalAddress(const sockaddr& address);

// "127.0.0.1", "[::1]:5000", "10.0.0.1:80": whether a host is written as an address that is not
// public.  Names are not looked up.
bool IsLiteralPrivateHost(std::string_view host);

// "localhost", 127.0.0.0/8, [::1] and "*.localhost", with or without a port: whether a host is
// written as this machine.
bool IsLoopbackHost(std::string_view host);

}  // namespace gantry

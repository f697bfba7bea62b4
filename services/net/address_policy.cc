#include "net/address_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace gantry {
namespace {

struct Range {
  uint32_t network;
  int bits;
};

// IANA IPv4 Special-Purpose Address Registry.
constexpr std::array kPrivate4 = {
    Range{0x00000000, 8},   // 0.0.0.0/8
    Range{0x0A000000, 8},   // 10.0.0.0/8
    Range{0x64400000, 10},  // 100.64.0.0/10
    Range{0x7F000000, 8},   // 127.0.0.0/8
    Range{0xA9FE0000, 16},  // 169.254.0.0/16
    Range{0xAC100000, 12},  // 172.16.0.0/12
    Range{0xC0A80000, 16},  // 192.168.0.0/16
    Range{0xE0000000, 3},   // 224.0.0.0/3: multicast, reserved, broadcast
};

// Of those, the ones that end on this machine or its own link.
constexpr std::array kLocal4 = {Range{0x00000000, 8}, Range{0x7F000000, 8}, Range{0xA9FE0000, 16}};

template <size_t n>
bool InAny(uint32_t address, const std::array<Range, n>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return (address >> (32 - range.bits)) == (range.network >> (32 - range.bits));
  });
}

bool IsPublic4(uint32_t address) { return !InAny(address, kPrivate4); }

uint32_t Mapped4(const in6_addr& a) {
  uint32_t mapped = 0;
  std::memcpy(&mapped, &a.s6_addr[12], sizeof mapped);
  return ntohl(mapped);
}

bool IsPublic6(const in6_addr& a) {
  if (IN6_IS_ADDR_V4MAPPED(&a)) return IsPublic4(Mapped4(a));
  const bool unique_local = (a.s6_addr[0] & 0xFE) == 0xFC;
  return !unique_local && !IN6_IS_ADDR_LOOPBACK(&a) && !IN6_IS_ADDR_UNSPECIFIED(&a) &&
         !IN6_IS_ADDR_LINKLOCAL(&a) && !IN6_IS_ADDR_SITELOCAL(&a) && !IN6_IS_ADDR_MULTICAST(&a);
}

}  // namespace

std::string_view AuthorityOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

bool IsPublicAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    return IsPublic4(ntohl(in.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, &address, sizeof in);
    return IsPublic6(in.sin6_addr);
  }
  return false;
}

bool IsLocalAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &address, sizeof in);
    return InAny(ntohl(in.sin_addr.s_addr), kLocal4);
  }
  if (address.sa_family != AF_INET6) return true;
  sockaddr_in6 in;
  std::memcpy(&in, &address, sizeof in);
  const in6_addr& a = in.sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&a)) return InAny(Mapped4(a), kLocal4);
  // fd00:ec2::/32 is where AWS puts the metadata services of IPv6 machines.
  constexpr std::array<uint8_t, 4> kAws = {0xFD, 0x00, 0x0E, 0xC2};
  return IN6_IS_ADDR_LOOPBACK(&a) || IN6_IS_ADDR_UNSPECIFIED(&a) || IN6_IS_ADDR_LINKLOCAL(&a) ||
         std::equal(kAws.begin(), kAws.end(), a.s6_addr);
}

bool IsLoopbackHost(std::string_view host) {
  const bool v6 = !host.empty() && host.front() == '[';
  const std::string name(host.substr(0, v6 ? host.find(']') + 1 : host.find(':')));
  in_addr address;
  if (inet_pton(AF_INET, name.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  constexpr std::string_view kSuffix = ".localhost";
  return name == "localhost" || name == "[::1]" ||
         (name.size() > kSuffix.size() && name.ends_with(kSuffix));
}

bool IsLiteralPrivateHost(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const std::string inside(host.substr(1, host.find(']') - 1));
    in6_addr address;
    return inet_pton(AF_INET6, inside.c_str(), &address) == 1 && !IsPublic6(address);
  }
  const std::string name(host.substr(0, host.find(':')));
  in_addr address;
  return inet_pton(AF_INET, name.c_str(), &address) == 1 && !IsPublic4(ntohl(address.s_addr));
}

}  // namespace gantry

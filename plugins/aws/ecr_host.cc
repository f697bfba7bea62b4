#include "plugins/aws/ecr_host.h"

#include <algorithm>

namespace gantry::aws {
namespace {

constexpr char kPublicHost[] = "public.ecr.aws", kPublicDualStackHost[] = "ecr-public.aws.com";
constexpr char kChinaDualStack[] = "on.amazonwebservices.com.cn";

// A partition of AWS: what its regions begin with, its ARNs and its host names, and the region
// whose services answer for it where none is named.
struct Partition {
  std::string_view region_prefix, name, suffix, main_region;
};
constexpr Partition kPartitions[] = {{"cn-", "aws-cn", "amazonaws.com.cn", "cn-north-1"},
                                     {"us-gov-", "aws-us-gov", "amazonaws.com", "us-gov-west-1"},
                                     {"eusc-", "aws-eusc", "amazonaws.eu", "eusc-de-east-1"},
                                     {"us-iso-", "aws-iso", "c2s.ic.gov", "us-iso-east-1"},
                                     {"us-isob-", "aws-iso-b", "sc2s.sgov.gov", "us-isob-east-1"},
                                     {"eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", "eu-isoe-west-1"},
                                     {"us-isof-", "aws-iso-f", "csp.hci.ic.gov", "us-isof-south-1"},
                                     {"eu-isof-", "aws-iso-f", "csp.hci.ic.gov", "us-isof-south-1"},
                                     {"", "aws", "amazonaws.com", "us-east-1"}};

const Partition& PartitionOf(std::string_view region) {
  return *std::find_if(std::begin(kPartitions), std::end(kPartitions), [&](const Partition& p) {
    return region.substr(0, p.region_prefix.size()) == p.region_prefix;
  });
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameChar(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z'); }

bool Take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool IsRegion(std::string_view text) {
  return !text.empty() && IsNameChar(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsNameChar(c) || c == '-'; });
}

bool IsSuffix(std::string_view suffix, bool dual_stack) {
  if (dual_stack) return suffix == "on.aws" || suffix == kChinaDualStack;
  return std::any_of(std::begin(kPartitions), std::end(kPartitions),
                     [&](const Partition& p) { return p.suffix == suffix; });
}

bool IsJoint(std::string_view text, bool is_public) {
  if (text.size() == 1) return true;
  return !is_public && (text == "__" || text.find_first_not_of('-') == text.npos);
}

// One part of a name between slashes: letters and digits, joined by one of ._- or, in private
// registries, by __ or dashes.
bool IsComponent(std::string_view part, bool is_public) {
  constexpr std::string_view kJoints = "._-";
  const auto fits = [&](char c) { return IsNameChar(c) || kJoints.find(c) != kJoints.npos; };
  if (part.empty() || !std::all_of(part.begin(), part.end(), fits)) return false;
  if (!IsNameChar(part.front()) || !IsNameChar(part.back())) return false;
  for (size_t at = 0; (at = part.find_first_of(kJoints, at)) != part.npos;) {
    const size_t end = part.find_first_not_of(kJoints, at);
    if (!IsJoint(part.substr(at, end - at), is_public)) return false;
    at = end;
  }
  return true;
}

}  // namespace

std::optional<EcrHost> EcrHost::Parse(std::string_view host) {
  EcrHost parsed;
  if (host == kPublicHost || host == kPublicDualStackHost) {
    parsed.region = "us-east-1";
    parsed.suffix = "amazonaws.com";
    parsed.is_public = true;
    parsed.dual_stack = host == kPublicDualStackHost;
    return parsed;
  }
  parsed.account = host.substr(0, 12);
  if (parsed.account.size() != 12 ||
      !std::all_of(parsed.account.begin(), parsed.account.end(), IsDigit)) {
    return std::nullopt;
  }
  host.remove_prefix(12);
  parsed.dual_stack = Take(host, ".dkr-ecr");
  if (!parsed.dual_stack && !Take(host, ".dkr.ecr")) return std::nullopt;
  parsed.fips = Take(host, "-fips");
  if (!Take(host, ".")) return std::nullopt;
  const size_t dot = std::min(host.find('.'), host.size() - 1);
  parsed.region = host.substr(0, dot);
  parsed.suffix = host.substr(dot + 1);
  if (!IsRegion(parsed.region) || !IsSuffix(parsed.suffix, parsed.dual_stack)) return std::nullopt;
  return parsed;
}

EcrHost EcrHost::OfRegion(std::string region) {
  EcrHost registry;
  registry.suffix = PartitionOf(region).suffix;
  registry.region = std::move(region);
  return registry;
}

std::string EcrHost::host() const {
  if (is_public) return dual_stack ? kPublicDualStackHost : kPublicHost;
  return account + (dual_stack ? ".dkr-ecr" : ".dkr.ecr") + (fips ? "-fips." : ".") + region + "." +
         suffix;
}

std::string RegionFor(std::string_view arn, std::string_view wished) {
  const auto named = std::find_if(
      std::begin(kPartitions), std::end(kPartitions),
      [&](const Partition& p) { return Take(arn, "arn:" + std::string(p.name) + ":"); });
  const bool known = named != std::end(kPartitions);
  if (!wished.empty() && (!known || PartitionOf(wished).name == named->name)) {
    return std::string(wished);
  }
  return std::string(known ? named->main_region : PartitionOf(wished).main_region);
}

std::string EcrHost::partition() const { return std::string(PartitionOf(region).name); }

std::vector<std::string> EcrHost::api_hosts() const {
  if (is_public && dual_stack) return {"ecr-public.us-east-1.api.aws"};
  if (is_public) return {"api.ecr-public.us-east-1.amazonaws.com"};
  const std::string service = fips ? "ecr-fips." : "ecr.";
  if (suffix == kChinaDualStack) return {service + region + ".api.amazonwebservices.com.cn"};
  if (dual_stack) return {service + region + ".api.aws"};
  const std::string sdk_host = "api." + service + region + "." + suffix;
  // The documented host of FIPS is another than the one that AWS's SDKs use.
  if (fips) return {service + region + "." + suffix, sdk_host};
  return {sdk_host};
}

std::string EcrHost::sts_host() const {
  if (suffix == kChinaDualStack) return "sts." + region + ".api.amazonwebservices.com.cn";
  if (dual_stack) return (fips ? "sts-fips." : "sts.") + region + ".api.aws";
  // In GovCloud the plain host is the FIPS one.
  const bool own_host = fips && partition() != "aws-us-gov";
  return (own_host ? "sts-fips." : "sts.") + region + "." + suffix;
}

std::string RepositoryArn(const EcrHost& registry, std::string_view repository) {
  return "arn:" + registry.partition() + ":ecr:" + registry.region + ":" +
         (registry.account.empty() ? "*" : registry.account) + ":repository/" +
         std::string(repository);
}

std::string NameFault(const EcrHost& registry, std::string_view repository) {
  const size_t longest = registry.is_public ? 205 : 256;
  std::string_view rest = repository;
  // Behind the alias.
  if (registry.is_public) rest.remove_prefix(std::min(rest.find('/'), rest.size() - 1) + 1);
  if (rest.size() < 2 || rest.size() > longest) {
    return "ECR's repository names have 2 to " + std::to_string(longest) + " characters";
  }
  while (true) {
    const size_t slash = std::min(rest.find('/'), rest.size());
    if (!IsComponent(rest.substr(0, slash), registry.is_public)) {
      return "ECR's repository names are lower-case letters and digits, joined by single . _ - or "
             "/";
    }
    if (slash == rest.size()) return "";
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace gantry::aws

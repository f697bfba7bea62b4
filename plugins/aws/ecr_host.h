// The registries of Amazon ECR by their host names, and the API endpoints that belong to them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::aws {

// A private registry, which is an account in a region, or the public one.  A value.
struct EcrHost {
  std::string account;  // twelve digits; empty: the public registry, or not known
  std::string region;   // that requests are signed for
  std::string suffix;   // of the host name: "amazonaws.com"
  bool is_public = false, fips = false, dual_stack = false;

  // Nothing when it is no registry of ECR, however much it looks like one.
  static std::optional<EcrHost> Parse(std::string_view host);
  // The private registry of the region's account whose name is not known yet.
  static EcrHost OfRegion(std::string region);

  std::string host() const;       // "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
  std::string partition() const;  // "aws-cn", as in ARNs
  // https://docs.aws.amazon.com/general/latest/gr/ecr.html: the API's hosts, in the order to try.
  std::vector<std::string> api_hosts() const;
  std::string sts_host() const;
};

// The region to ask where no registry names one: `wished`, unless the ARN is of a partition that
// has no such region; else the ARN's partition's own, else us-east-1.  Both may be empty.
std::string RegionFor(std::string_view arn, std::string_view wished);

// A repository's ARN; "*" and "team/*" are patterns.
std::string RepositoryArn(const EcrHost& registry, std::string_view repository);

// Why ECR cannot have a repository of that name; empty: it can.
std::string NameFault(const EcrHost& registry, std::string_view repository);

}  // namespace gantry::aws

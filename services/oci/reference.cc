#include "oci/reference.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/characters.h"
#include "base/status.h"
#include "base/strings.h"

namespace gantry {
namespace {

constexpr std::string_view kHub = "docker.io";
constexpr size_t kMaxNameLength = 255;  // host and repository: OCI distribution-spec, "Pulling"

// path-component := [a-z0-9]+ (separator [a-z0-9]+)*, separator := '_' | '.' | '__' | '-'+
bool IsPathComponent(std::string_view s) {
  size_t i = 0;
  for (;;) {
    const size_t begin = i;
    while (i < s.size() && IsLowerAlnum(s[i])) ++i;
    if (i == begin) return false;
    if (i == s.size()) return true;
    const size_t separator = i;
    if (s[i] == '.') {
      ++i;
    } else if (s[i] == '_') {
      while (i < s.size() && s[i] == '_') ++i;
      if (i - separator > 2) return false;
    } else if (s[i] == '-') {
      while (i < s.size() && s[i] == '-') ++i;
    } else {
      return false;
    }
  }
}

// label := alnum | alnum (alnum | '-')* alnum
bool IsHostLabel(std::string_view s) {
  return !s.empty() && s.size() <= 63 && IsAlnum(s.front()) && IsAlnum(s.back()) &&
         std::all_of(s.begin(), s.end(), [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsPort(std::string_view s) {
  return !s.empty() && s.size() <= 5 && std::all_of(s.begin(), s.end(), IsDigit) &&
         std::stoi(std::string(s)) >= 1 && std::stoi(std::string(s)) <= 65535;
}

struct HostPort {
  std::string_view name, port;  // name with its brackets
};

HostPort SplitPort(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  if (colon == host.npos || (bracket != host.npos && colon < bracket)) return {host, {}};
  return {host.substr(0, colon), host.substr(colon + 1)};
}

bool IsHostName(std::string_view name) {
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    in6_addr address;
    const std::string inside(name.substr(1, name.size() - 2));
    return inet_pton(AF_INET6, inside.c_str(), &address) == 1;
  }
  const auto labels = Split(name, '.');
  return name.size() <= 253 && std::all_of(labels.begin(), labels.end(), IsHostLabel);
}

// What stands before the first slash is a host only if it looks like one.  Docker takes "Team" for a
// host too; here it is a repository that is written wrong, since "team" in lower case is no host.
bool LooksLikeHost(std::string_view first) {
  return ToLower(first) == "localhost" || first.find_first_of(".:") != first.npos;
}

Error BadReference(std::string_view text, std::string_view why) {
  return InvalidArgument(reason::kInvalidReference, "'{}' is not an image name: {}",
                         Excerpt(text, 200), why)
      .Remedy("an image name looks like registry.example.com/team/app:1.0");
}

}  // namespace

absl::StatusOr<std::string> CanonicalHost(std::string_view host) {
  std::string lower = ToLower(host);
  const HostPort parts = SplitPort(lower);
  const bool has_colon = parts.name.size() != lower.size();
  if (!IsHostName(parts.name) || (has_colon && !IsPort(parts.port))) {
    return InvalidArgument(reason::kInvalidReference, "'{}' is not a registry host",
                           Excerpt(host, 200))
        .Remedy("a registry host looks like registry.example.com or localhost:5000");
  }
  if (parts.port == "443" && LooksLikeHost(parts.name)) lower.resize(parts.name.size());
  if (lower == "index.docker.io" || lower == "registry-1.docker.io" ||
      lower == "registry.hub.docker.com") {
    return std::string(kHub);
  }
  return lower;
}

std::string ApiHost(std::string_view canonical_host) {
  return std::string(canonical_host == kHub ? "registry-1.docker.io" : canonical_host);
}

absl::Status ValidateRepository(std::string_view repository) {
  for (const std::string_view component : Split(repository, '/')) {
    if (!IsPathComponent(component)) {
      return InvalidArgument(reason::kInvalidReference, "'{}' is not a repository name",
                             Excerpt(repository, 200))
          .Remedy(
              "use lower-case letters and digits, with single '.', '_', '__' or '-' between them "
              "and '/' between components, such as team/app");
    }
  }
  if (repository.size() > kMaxNameLength) {
    return InvalidArgument(reason::kInvalidReference, "the repository name has {} characters",
                           repository.size())
        .Remedy("host and repository together may have {} characters", kMaxNameLength);
  }
  return absl::OkStatus();
}

absl::Status ValidateTag(std::string_view tag) {
  const auto word = [](char c) { return IsAlnum(c) || c == '_'; };
  const bool ok = !tag.empty() && tag.size() <= 128 && word(tag.front()) &&
                  std::all_of(tag.begin(), tag.end(),
                              [&](char c) { return word(c) || c == '.' || c == '-'; });
  if (ok) return absl::OkStatus();
  return InvalidArgument(reason::kInvalidReference, "'{}' is not a tag", Excerpt(tag, 200))
      .Remedy("use at most 128 letters, digits, '_', '.' and '-', and neither '.' nor '-' first");
}

absl::StatusOr<RegistryUri> RegistryUri::Parse(std::string_view text) {
  RegistryUri uri;
  std::string_view rest = Trim(text);
  const std::string lower = ToLower(rest.substr(0, 8));
  if (lower.substr(0, 7) == "http://") {
    uri.plain_http_ = true;
    rest.remove_prefix(7);
  } else if (lower == "https://") {
    uri.plain_http_ = false;
    rest.remove_prefix(8);
  }
  while (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const size_t slash = rest.find('/');
  const std::string_view host = rest.substr(0, slash);
  // A bare word is no host: it would silently mean Docker Hub.
  if (rest.empty() || !LooksLikeHost(host)) {
    return InvalidArgument(reason::kInvalidReference, "'{}' is not a registry URI",
                           Excerpt(text, 200))
        .Remedy("a registry URI is a host and a path, such as docker.io/myusername or "
                "localhost:5000");
  }
  GANTRY_ASSIGN_OR_RETURN(uri.host_, CanonicalHost(host));
  if (slash != rest.npos) {
    // Account names are often written with capitals; as a part of a repository's name they have none.
    uri.prefix_ = ToLower(rest.substr(slash + 1));
    GANTRY_RETURN_IF_ERROR(ValidateRepository(uri.prefix_));
  }
  return uri;
}

std::string RegistryUri::text() const { return prefix_.empty() ? host_ : host_ + "/" + prefix_; }

std::string RegistryUri::Repository(std::string_view relative) const {
  if (!prefix_.empty()) return prefix_ + "/" + std::string(relative);
  if (host_ == kHub && relative.find('/') == relative.npos) return "library/" + std::string(relative);
  return std::string(relative);
}

bool RegistryUri::Owns(std::string_view host, std::string_view repository) const {
  if (host != host_) return false;
  if (prefix_.empty()) return true;
  return repository.size() > prefix_.size() && repository.substr(0, prefix_.size()) == prefix_ &&
         repository[prefix_.size()] == '/';
}

absl::StatusOr<Reference> Reference::Parse(std::string_view text) {
  Reference reference;
  std::string_view rest = Trim(text);
  if (const size_t at = rest.find('@'); at != rest.npos) {
    auto digest = Digest::Parse(rest.substr(at + 1));
    if (!digest.ok()) return BadReference(text, MessageOf(digest.status()));
    reference.digest_ = *std::move(digest);
    rest = rest.substr(0, at);
  }
  const size_t slash = rest.find('/');
  std::string_view host = kHub;
  if (slash != rest.npos && LooksLikeHost(rest.substr(0, slash))) {
    host = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
  }
  if (const size_t colon = rest.rfind(':'); colon != rest.npos) {
    reference.tag_ = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (const auto s = ValidateTag(reference.tag_); !s.ok()) return BadReference(text, MessageOf(s));
  }
  auto canonical = CanonicalHost(host);
  if (!canonical.ok()) return BadReference(text, MessageOf(canonical.status()));
  reference.host_ = *std::move(canonical);
  if (const auto s = ValidateRepository(rest); !s.ok()) return BadReference(text, MessageOf(s));
  const bool only_hex = rest.size() == 64 && rest.find_first_not_of("0123456789abcdef") == rest.npos;
  if (only_hex) return BadReference(text, "64 hex digits name an image id, not a repository");
  reference.repository_ = rest;
  if (reference.host_ == kHub && rest.find('/') == rest.npos) {
    reference.repository_ = "library/" + reference.repository_;
  }
  if (reference.host_.size() + 1 + reference.repository_.size() > kMaxNameLength) {
    return BadReference(text, "host and repository have more than 255 characters");
  }
  return reference;
}

Reference Reference::Make(std::string host, std::string repository, std::string tag,
                          std::optional<Digest> digest) {
  Reference reference;
  reference.host_ = std::move(host);
  reference.repository_ = std::move(repository);
  reference.tag_ = std::move(tag);
  reference.digest_ = std::move(digest);
  return reference;
}

std::string Reference::manifest_key() const {
  if (digest_) return digest_->text();
  return tag_.empty() ? "latest" : tag_;
}

std::string Reference::text() const {
  std::string text = host_ + "/" + repository_;
  if (!tag_.empty()) text += ":" + tag_;
  if (digest_) text += "@" + digest_->text();
  return text;
}

}  // namespace gantry

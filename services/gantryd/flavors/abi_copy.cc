#include "gantryd/flavors/abi_copy.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "oci/digest.h"
#include "oci/reference.h"

namespace gantry {
namespace {

constexpr size_t kMaxName = 512, kMaxUri = 1024, kMaxSecret = 64 << 10, kMaxProse = 1024;
constexpr size_t kMaxMountSources = 32, kMaxTags = 1000;
constexpr int64_t kMaxChunkBytes = int64_t{1} << 30;
constexpr uint32_t kMaxParallelBlobs = 64;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

// Room for later fields is the other side's right; less than minor 0 had is not.
template <class Raw>
bool Whole(const Raw* raw, std::string_view what, std::string* fault) {
  if (raw != nullptr && raw->struct_size >= sizeof(Raw)) return true;
  *fault = fmt::format("gave a {} that is cut short", what);
  return false;
}

bool CopyTarget(const gantry_target* raw, const std::string& host, Target* out,
                std::string* fault) {
  if (!Whole(raw, "target", fault) ||
      !CopyText(raw->registry_host, kMaxName, "registry host", &out->registry_host, fault) ||
      !CopyText(raw->repository, kMaxName, "repository", &out->repository, fault) ||
      !CopyText(raw->tag, kMaxName, "tag", &out->tag, fault) ||
      !CopyText(raw->digest, kMaxName, "digest", &out->digest, fault)) {
    return false;
  }
  if (out->registry_host != host) {
    *fault = fmt::format("would push to {} although it was asked about {}",
                         Excerpt(out->registry_host, 100), host);
  } else if (!ValidateRepository(out->repository).ok()) {
    *fault =
        fmt::format("gave the repository \"{}\", which is no name", Excerpt(out->repository, 100));
  } else if (!out->tag.empty() && !ValidateTag(out->tag).ok()) {
    *fault = fmt::format("gave the tag \"{}\", which is no tag", Excerpt(out->tag, 100));
  } else if (!out->digest.empty() && !Digest::Parse(out->digest).ok()) {
    *fault = fmt::format("gave the digest \"{}\", which is no digest", Excerpt(out->digest, 100));
  } else {
    return true;
  }
  return false;
}

}  // namespace

gantry_target ToRaw(const Target& target) {
  return {sizeof(gantry_target), ToRaw(target.registry_host), ToRaw(target.repository),
          ToRaw(target.tag), ToRaw(target.digest)};
}

std::string CopyProse(gantry_str text, size_t limit) {
  if (text.data == nullptr) return {};
  // Cut before it is looked at: the size may be garbage.
  return Excerpt({text.data, std::min(text.size, limit + 8)}, limit);
}

bool CopyText(gantry_str text, size_t limit, std::string_view what, std::string* out,
              std::string* fault) {
  if (text.size == 0) {
    out->clear();
  } else if (text.data == nullptr) {
    *fault = fmt::format("gave a {} of {} bytes at no address", what, text.size);
    return false;
  } else if (text.size > limit) {
    *fault = fmt::format("gave a {} of {} bytes; {} are allowed", what, text.size, limit);
    return false;
  } else {
    *out = ScrubUtf8({text.data, text.size});
  }
  return true;
}

bool CopyCredential(const gantry_credential& raw, const std::string& host, const Clock& clock,
                    Credential* out, std::string* fault) {
  std::string owner;
  if (!Whole(&raw, "credential", fault) ||
      !CopyText(raw.registry_host, kMaxName, "registry host", &owner, fault) ||
      !CopyText(raw.username, kMaxName, "user name", &out->username, fault)) {
    return false;
  }
  if (owner != host) {
    *fault = fmt::format("gave a credential for {} although it was asked about {}",
                         owner.empty() ? "no registry" : Excerpt(owner, 100), host);
    return false;
  }
  if (raw.scheme < GANTRY_AUTH_NONE || raw.scheme > GANTRY_AUTH_IDENTITY_TOKEN) {
    *fault = fmt::format("gave a credential of the unknown scheme {}", raw.scheme);
    return false;
  }
  if (raw.secret.size > kMaxSecret || (raw.secret.data == nullptr && raw.secret.size != 0)) {
    *fault = fmt::format("gave a secret of {} bytes", raw.secret.size);
    return false;
  }
  const std::string_view secret =
      raw.secret.size == 0 ? "" : std::string_view(raw.secret.data, raw.secret.size);
  // Of a user name and password, RFC 7617 forbids control characters, and Google's key files have
  // line ends; in Base64 they do no harm.
  const bool is_header = raw.scheme != GANTRY_AUTH_BASIC;
  if ((is_header && HasControl(secret)) || HasControl(out->username)) {
    *fault = "gave a credential with control characters in it";
    return false;
  }
  if (raw.scheme != GANTRY_AUTH_NONE && secret.empty()) {
    *fault = "gave a credential without its secret";
    return false;
  }
  out->scheme = static_cast<Credential::Scheme>(raw.scheme);
  out->secret = Secret(std::string(secret));
  out->read_only = (raw.flags & GANTRY_CREDENTIAL_READ_ONLY) != 0;
  out->one_repository = (raw.flags & GANTRY_CREDENTIAL_ONE_REPOSITORY) != 0;
  if (raw.expires_unix_ms > 0) {
    // Compared as numbers first: a far date must not overflow a clock's ticks.
    const auto now = std::chrono::duration_cast<milliseconds>(clock.Now().time_since_epoch());
    constexpr int64_t kYearMs = int64_t{366} * 24 * 3600 * 1000;
    const int64_t left = raw.expires_unix_ms - std::min(raw.expires_unix_ms, now.count());
    out->expires = clock.Mono() + milliseconds(std::min(left, kYearMs));
  }
  return true;
}

bool CopyPlan(const gantry_push_plan& raw, const std::string& host, FlavorPlan* out,
              std::string* fault) {
  if (!Whole(&raw, "plan", fault) || !CopyTarget(raw.target, host, &out->target, fault)) {
    return false;
  }
  if (raw.mount_from_count > kMaxMountSources ||
      (raw.mount_from == nullptr && raw.mount_from_count != 0)) {
    *fault = fmt::format("named {} repositories to mount from; {} are allowed",
                         raw.mount_from_count, kMaxMountSources);
    return false;
  }
  for (size_t i = 0; i < raw.mount_from_count; ++i) {
    std::string repository;
    if (!CopyText(raw.mount_from[i], kMaxName, "repository", &repository, fault)) return false;
    if (!ValidateRepository(repository).ok()) {
      *fault = fmt::format("would mount from \"{}\", which is no name", Excerpt(repository, 100));
      return false;
    }
    out->mount_from.push_back(std::move(repository));
  }
  if (raw.upload < GANTRY_UPLOAD_STREAM || raw.upload > GANTRY_UPLOAD_CHUNKED) {
    *fault = fmt::format("planned the unknown upload method {}", raw.upload);
    return false;
  }
  if (raw.upload == GANTRY_UPLOAD_CHUNKED &&
      (raw.chunk_bytes <= 0 || raw.chunk_bytes > kMaxChunkBytes)) {
    *fault = fmt::format("planned chunks of {} bytes", raw.chunk_bytes);
    return false;
  }
  if (raw.min_part_bytes < 0 || raw.min_part_bytes > kMaxChunkBytes) {
    *fault = fmt::format("planned parts of at least {} bytes", raw.min_part_bytes);
    return false;
  }
  out->upload = static_cast<UploadMethod>(raw.upload);
  out->chunk_bytes = raw.upload == GANTRY_UPLOAD_CHUNKED ? raw.chunk_bytes : 0;
  out->max_parallel_blobs = static_cast<int>(std::min(raw.max_parallel_blobs, kMaxParallelBlobs));
  out->lax_commit = (raw.flags & GANTRY_PLAN_LAX_COMMIT) != 0;
  out->new_repository = (raw.flags & GANTRY_PLAN_NEW_REPOSITORY) != 0;
  out->no_range = (raw.flags & GANTRY_PLAN_NO_RANGE) != 0;
  out->min_part_bytes = raw.min_part_bytes;
  return true;
}

bool CopyImage(const gantry_image& raw, FlavorImage* out, std::string* fault) {
  if (!Whole(&raw, "image", fault) || !CopyText(raw.uri, kMaxUri, "URI", &out->uri, fault) ||
      !CopyText(raw.digest, kMaxName, "digest", &out->digest, fault) ||
      !CopyText(raw.media_type, kMaxName, "media type", &out->media_type, fault)) {
    return false;
  }
  if (out->uri.empty() || HasControl(out->uri)) {
    *fault = "gave an image without a URI that can be pulled";
    return false;
  }
  if (!out->digest.empty() && !Digest::Parse(out->digest).ok()) {
    *fault = fmt::format("gave the digest \"{}\", which is no digest", Excerpt(out->digest, 100));
    return false;
  }
  if (raw.tag_count > kMaxTags || (raw.tags == nullptr && raw.tag_count != 0)) {
    *fault = fmt::format("gave an image with {} tags", raw.tag_count);
    return false;
  }
  for (size_t i = 0; i < raw.tag_count; ++i) {
    if (!CopyText(raw.tags[i], kMaxName, "tag", &out->tags.emplace_back(), fault)) return false;
  }
  if (raw.size_bytes < 0) {
    *fault = fmt::format("gave an image of {} bytes", raw.size_bytes);
    return false;
  }
  out->size_bytes = raw.size_bytes;
  constexpr int64_t kLastMs = 9'000'000'000'000;  // the clock's nanoseconds end in the year 2262
  if (raw.pushed_unix_ms > 0 && raw.pushed_unix_ms <= kLastMs) {
    out->pushed = WallTime(milliseconds(raw.pushed_unix_ms));
  }
  return true;
}

bool CopyResource(const gantry_resource& raw, Resource* out, std::string* fault) {
  if (!Whole(&raw, "resource", fault) || !CopyText(raw.uri, kMaxUri, "URI", &out->uri, fault)) {
    return false;
  }
  if (!RegistryUri::Parse(out->uri).ok()) {
    *fault = fmt::format("listed \"{}\", which is no registry", Excerpt(out->uri, 100));
    return false;
  }
  out->description = CopyProse(raw.description, kMaxProse);
  return true;
}

bool CopyFinding(const gantry_finding& raw, Finding* out, std::string* fault) {
  if (!Whole(&raw, "finding", fault)) return false;
  if (raw.level < GANTRY_DEBUG || raw.level > GANTRY_ERROR) {
    *fault = fmt::format("gave a finding of the unknown level {}", raw.level);
    return false;
  }
  out->level = static_cast<Finding::Level>(raw.level);
  out->check = CopyProse(raw.check, 100);
  out->field = CopyProse(raw.field, 100);
  out->message = CopyProse(raw.message, kMaxProse);
  out->remedy = CopyProse(raw.remedy, kMaxProse);
  return true;
}

RawPlan::RawPlan(const FlavorPlan& plan)
    : target_(ToRaw(plan.target)),
      raw_{sizeof(gantry_push_plan),
           static_cast<uint32_t>(plan.max_parallel_blobs),
           &target_,
           nullptr,
           plan.mount_from.size(),
           plan.chunk_bytes,
           static_cast<int32_t>(plan.upload),
           (plan.lax_commit ? uint32_t{GANTRY_PLAN_LAX_COMMIT} : 0u) |
               (plan.new_repository ? uint32_t{GANTRY_PLAN_NEW_REPOSITORY} : 0u) |
               (plan.no_range ? uint32_t{GANTRY_PLAN_NO_RANGE} : 0u),
           plan.min_part_bytes} {
  for (const std::string& repository : plan.mount_from) mount_from_.push_back(ToRaw(repository));
  raw_.mount_from = mount_from_.data();
}

}  // namespace gantry

#include "plugins/sdk/types.h"

namespace gantry::sdk {
namespace {

std::vector<std::string> Copy(const gantry_str* items, size_t count) {
  std::vector<std::string> copied;
  for (size_t i = 0; i < count; ++i) copied.emplace_back(View(items[i]));
  return copied;
}

std::vector<gantry_str> Borrow(const std::vector<std::string>& items) {
  std::vector<gantry_str> borrowed;
  borrowed.reserve(items.size());
  for (const std::string& item : items) borrowed.push_back(Str(item));
  return borrowed;
}

}  // namespace

Target Target::From(const gantry_target& raw) {
  return {std::string(View(raw.registry_host)), std::string(View(raw.repository)),
          std::string(View(raw.tag)), std::string(View(raw.digest))};
}

gantry_target Target::Raw() const noexcept {
  return {sizeof(gantry_target), Str(registry_host), Str(repository), Str(tag), Str(digest)};
}

Plan Plan::From(const gantry_push_plan& raw) {
  Plan plan;
  plan.target = Target::From(*raw.target);
  plan.mount_from = Copy(raw.mount_from, raw.mount_from_count);
  plan.max_parallel_blobs = raw.max_parallel_blobs;
  plan.upload = raw.upload;
  plan.chunk_bytes = raw.chunk_bytes;
  plan.lax_commit = (raw.flags & GANTRY_PLAN_LAX_COMMIT) != 0;
  plan.new_repository = (raw.flags & GANTRY_PLAN_NEW_REPOSITORY) != 0;
  plan.no_range = (raw.flags & GANTRY_PLAN_NO_RANGE) != 0;
  plan.min_part_bytes = raw.min_part_bytes;
  return plan;
}

Image Image::From(const gantry_image& raw) {
  Image image;
  image.uri = View(raw.uri);
  image.digest = View(raw.digest);
  image.media_type = View(raw.media_type);
  image.tags = Copy(raw.tags, raw.tag_count);
  image.size_bytes = raw.size_bytes;
  image.pushed_unix_ms = raw.pushed_unix_ms;
  return image;
}

RawPlan::RawPlan(const Plan& plan)
    : target_(plan.target.Raw()),
      mount_from_(Borrow(plan.mount_from)),
      raw_{sizeof(gantry_push_plan),
           plan.max_parallel_blobs,
           &target_,
           mount_from_.data(),
           mount_from_.size(),
           plan.chunk_bytes,
           plan.upload,
           (plan.lax_commit ? uint32_t{GANTRY_PLAN_LAX_COMMIT} : 0u) |
               (plan.new_repository ? uint32_t{GANTRY_PLAN_NEW_REPOSITORY} : 0u) |
               (plan.no_range ? uint32_t{GANTRY_PLAN_NO_RANGE} : 0u),
           plan.min_part_bytes} {}

bool Put(const gantry_credential_sink& sink, const Credential& credential) {
  const gantry_credential raw{
      sizeof raw,
      credential.scheme,
      Str(credential.registry_host),
      Str(credential.username),
      Str(credential.secret.Reveal()),
      credential.expires_unix_ms,
      (credential.read_only ? uint32_t{GANTRY_CREDENTIAL_READ_ONLY} : 0u) |
          (credential.one_repository ? uint32_t{GANTRY_CREDENTIAL_ONE_REPOSITORY} : 0u)};
  return sink.put(sink.ctx, &raw) == 0;
}

bool Put(const gantry_push_plan_sink& sink, const Plan& plan) {
  return sink.put(sink.ctx, RawPlan(plan).get()) == 0;
}

bool Put(const gantry_image_sink& sink, const Image& image) {
  const std::vector<gantry_str> tags = Borrow(image.tags);
  const gantry_image raw{sizeof raw,  Str(image.uri), Str(image.digest), Str(image.media_type),
                         tags.data(), tags.size(),    image.size_bytes,  image.pushed_unix_ms};
  return sink.put(sink.ctx, &raw) == 0;
}

bool Put(const gantry_finding_sink& sink, const Finding& finding) {
  const gantry_finding raw{sizeof raw,         finding.level,        Str(finding.check),
                           Str(finding.field), Str(finding.message), Str(finding.remedy)};
  return sink.put(sink.ctx, &raw) == 0;
}

bool Put(const gantry_resource_sink& sink, const Resource& resource) {
  const gantry_resource raw{sizeof raw, Str(resource.uri), Str(resource.description)};
  return sink.put(sink.ctx, &raw) == 0;
}

bool Put(const gantry_str_sink& sink, std::string_view text) {
  const gantry_str raw = Str(text);
  return sink.put(sink.ctx, &raw) == 0;
}

}  // namespace gantry::sdk

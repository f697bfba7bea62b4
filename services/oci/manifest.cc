#include "oci/manifest.h"

#include "base/status.h"
#include "base/strings.h"
#include "oci/json.h"

namespace gantry {
namespace media_type {

bool IsIndex(std::string_view type) { return type == kOciIndex || type == kDockerList; }
bool IsManifest(std::string_view type) { return type == kOciManifest || type == kDockerManifest; }
bool IsImageConfig(std::string_view type) { return type == kOciConfig || type == kDockerConfig; }

}  // namespace media_type

namespace {

constexpr int64_t kMaxBlobBytes = int64_t{1} << 42;  // 4 TiB: more is a lie

Error Invalid(std::string_view what) {
  return InvalidArgument(reason::kSourceInvalid, "the manifest is not valid: {}", what)
      .Remedy("the image is damaged, or no image; make it again, or save or copy it again");
}

Platform ParsePlatform(const Json& json) {
  return {.os = GetString(json, "os").value_or(""),
          .architecture = GetString(json, "architecture").value_or(""),
          .variant = GetString(json, "variant").value_or("")};
}

absl::StatusOr<Descriptor> ParseDescriptor(const Json& json, std::string_view where) {
  const auto type = GetString(json, "mediaType");
  const auto digest_text = GetString(json, "digest");
  const auto size = GetInt(json, "size");
  if (!type || !digest_text || !size) {
    return Invalid(fmt::format("{} lacks mediaType, digest or size", where));
  }
  auto digest = Digest::Parse(*digest_text);
  if (!digest.ok()) return Invalid(fmt::format("{}: {}", where, MessageOf(digest.status())));
  if (*size < 0 || *size > kMaxBlobBytes) {
    return Invalid(fmt::format("{} has size {}", where, *size));
  }
  Descriptor descriptor{.media_type = *type,
                        .digest = *std::move(digest),
                        .size = *size,
                        .urls = {},
                        .platform = std::nullopt,
                        .annotations = {}};
  if (const Json* urls = GetArray(json, "urls")) {
    for (const Json& url : *urls) {
      if (url.is_string()) descriptor.urls.push_back(url.get<std::string>());
    }
  }
  if (const Json* platform = GetObject(json, "platform")) {
    descriptor.platform = ParsePlatform(*platform);
  }
  if (const Json* annotations = GetObject(json, "annotations")) {
    for (const auto& [key, value] : annotations->items()) {
      if (value.is_string()) descriptor.annotations[key] = value.get<std::string>();
    }
  }
  return descriptor;
}

absl::StatusOr<std::vector<Descriptor>> ParseDescriptors(const Json& json, const char* key) {
  const Json* array = GetArray(json, key);
  if (!array) return Invalid(fmt::format("'{}' is not a list", key));
  std::vector<Descriptor> descriptors;
  for (size_t i = 0; i < array->size(); ++i) {
    GANTRY_ASSIGN_OR_RETURN(Descriptor d,
                            ParseDescriptor((*array)[i], fmt::format("{}[{}]", key, i)));
    descriptors.push_back(std::move(d));
  }
  return descriptors;
}

// The manifest's own mediaType wins where it has one; OCI allows it to be missing.
absl::StatusOr<std::string> MediaTypeOf(const Json& json, std::string_view declared) {
  const std::string own = GetString(json, "mediaType").value_or("");
  const bool declared_known =
      media_type::IsIndex(declared) || media_type::IsManifest(declared);
  if (!own.empty() && declared_known && own != declared) {
    return Invalid(fmt::format("it says it is {}, but it is named as {}", Excerpt(own, 100),
                               Excerpt(declared, 100)));
  }
  const std::string_view type = own.empty() ? declared : own;
  if (media_type::IsIndex(type) || media_type::IsManifest(type)) return std::string(type);
  if (own.empty() && json.contains("manifests")) return std::string(media_type::kOciIndex);
  if (own.empty() && json.contains("layers")) return std::string(media_type::kOciManifest);
  if (json.contains("schemaVersion") && json["schemaVersion"] == 1) {
    return Invalid("Docker schema 1 is not supported; save the image again with a newer Docker")
        .Remedy("save the image again with Docker 1.10 or newer");
  }
  return Invalid(fmt::format("unknown media type '{}'", Excerpt(type, 100)));
}

}  // namespace

std::string Platform::text() const {
  return variant.empty() ? os + "/" + architecture : os + "/" + architecture + "/" + variant;
}

absl::StatusOr<Manifest> Manifest::Parse(std::string_view bytes, std::string_view declared_type) {
  if (bytes.size() > kMaxManifestBytes) {
    return Invalid(fmt::format("it has {} bytes, the limit is {}", bytes.size(), kMaxManifestBytes));
  }
  auto json = ParseJson(bytes);
  if (!json.ok()) return Invalid(MessageOf(json.status()));
  if (!json->is_object()) return Invalid("it is not a JSON object");
  Manifest manifest;
  GANTRY_ASSIGN_OR_RETURN(manifest.media_type, MediaTypeOf(*json, declared_type));
  manifest.is_index = media_type::IsIndex(manifest.media_type);
  // One reading only: a document that is an index and a manifest at once is an attack.
  if (json->contains("manifests") && json->contains("layers")) {
    return Invalid("it has both 'manifests' and 'layers'");
  }
  if (manifest.is_index) {
    GANTRY_ASSIGN_OR_RETURN(manifest.manifests, ParseDescriptors(*json, "manifests"));
    return manifest;
  }
  const Json* config = GetObject(*json, "config");
  if (!config) return Invalid("'config' is missing");
  GANTRY_ASSIGN_OR_RETURN(manifest.config, ParseDescriptor(*config, "config"));
  GANTRY_ASSIGN_OR_RETURN(manifest.layers, ParseDescriptors(*json, "layers"));
  return manifest;
}

absl::StatusOr<ImageConfig> ImageConfig::Parse(std::string_view bytes) {
  const auto invalid = [](std::string_view why) {
    return InvalidArgument(reason::kSourceInvalid, "the image config is not valid: {}", why)
        .Remedy("the image is damaged; make it again, or save or copy it again");
  };
  if (bytes.size() > kMaxManifestBytes) return invalid("it is longer than 4 MiB");
  auto json = ParseJson(bytes);
  if (!json.ok()) return invalid(MessageOf(json.status()));
  if (!json->is_object()) return invalid("it is not a JSON object");
  ImageConfig config;
  config.platform = ParsePlatform(*json);
  const Json* rootfs = GetObject(*json, "rootfs");
  const Json* diff_ids = rootfs ? GetArray(*rootfs, "diff_ids") : nullptr;
  if (!diff_ids) return config;
  for (const Json& id : *diff_ids) {
    if (!id.is_string()) return invalid("a diff_id is not a string");
    auto digest = Digest::Parse(id.get<std::string>());
    if (!digest.ok()) return invalid(MessageOf(digest.status()));
    config.diff_ids.push_back(*std::move(digest));
  }
  return config;
}

std::string WriteManifest(const Descriptor& config, const std::vector<Descriptor>& layers) {
  const auto descriptor = [](const Descriptor& d) {
    return nlohmann::ordered_json{
        {"mediaType", d.media_type}, {"digest", d.digest.text()}, {"size", d.size}};
  };
  nlohmann::ordered_json manifest{{"schemaVersion", 2},
                                  {"mediaType", media_type::kOciManifest},
                                  {"config", descriptor(config)},
                                  {"layers", nlohmann::ordered_json::array()}};
  for (const Descriptor& layer : layers) manifest["layers"].push_back(descriptor(layer));
  return manifest.dump();
}

}  // namespace gantry

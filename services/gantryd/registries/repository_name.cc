#include "gantryd/registries/repository_name.h"

#include "base/status.h"

namespace gantry {
namespace {

constexpr size_t kMaxNameLength = 255;

// distribution/reference: what stands before the first slash, where it has a dot, a colon or a
// capital, or is "localhost".
bool BeginsWithHost(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return false;
  const std::string_view first = text.substr(0, slash);
  const bool like_a_host = first == "localhost" || first.find_first_of(".:") != first.npos ||
                           ToLower(first) != first;
  return like_a_host && CanonicalHost(first).ok();
}

}  // namespace

absl::StatusOr<std::string> RepositoryBelow(const RegistryUri& uri, std::string_view text) {
  std::string repository;
  if (BeginsWithHost(text)) {
    GANTRY_ASSIGN_OR_RETURN(const Reference reference, Reference::Parse(text));
    if (!reference.tag().empty() || reference.digest()) {
      return InvalidArgument(reason::kInvalidReference, "'{}' names a tag or digest",
                             Excerpt(text, 200))
          .Remedy("name the repository alone; tags go into the field for tags");
    }
    if (!uri.Owns(reference.host(), reference.repository())) return DoesNotBelong(uri, text);
    return reference.repository();
  }
  GANTRY_RETURN_IF_ERROR(ValidateRepository(text));
  repository = uri.Repository(text);
  GANTRY_RETURN_IF_ERROR(CheckNameLength(uri, repository));
  return repository;
}

std::string RelativeTo(const RegistryUri& uri, const std::string& repository) {
  return uri.prefix().empty() ? repository : repository.substr(uri.prefix().size() + 1);
}

absl::Status CheckNameLength(const RegistryUri& uri, const std::string& repository) {
  const size_t length = uri.host().size() + 1 + repository.size();
  if (length <= kMaxNameLength) return absl::OkStatus();
  return InvalidArgument(reason::kInvalidReference,
                         "the image name {} has {} characters with its registry's host",
                         Excerpt(uri.host() + "/" + repository, 80), length)
      .Remedy("host and repository together may have {} characters", kMaxNameLength);
}

absl::Status DoesNotBelong(const RegistryUri& uri, std::string_view image) {
  return InvalidArgument(reason::kInvalidReference, "image {} does not belong to registry {}",
                         Excerpt(image, 200), uri.text())
      .With("image", Excerpt(image, 200))
      .With("registry", uri.text())
      .Remedy("name a path below the registry, such as team/app, or in full {}/team/app",
              uri.text());
}

}  // namespace gantry

#include "gantryd/images/image_manager.h"

#include <utility>

#include "base/status.h"
#include "gantryd/flavors/flavor_error.h"
#include "gantryd/images/image_view.h"
#include "gantryd/images/naming.h"
#include "gantryd/images/push_job.h"
#include "gantryd/images/source_opener.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/paging.h"
#include "gantryd/registries/repository_name.h"

namespace gantry {
namespace {

// The result, or what its error means at this registry.
template <class T>
absl::StatusOr<T> Explained(const RegistrySession& session, absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return session.Explain(std::move(result).status());
}

// The repository that a caller names, or the registry's default one.
absl::StatusOr<std::string> ReadRepository(const RegistrySession& session,
                                           const std::string& repository) {
  if (!repository.empty()) return RepositoryBelow(session.uri(), repository);
  const std::string& fallback = session.record().default_repository;
  if (!fallback.empty()) return session.uri().Repository(fallback);
  return InvalidField("repository", "is required, for the registry has no default repository");
}

// The manifest that a reference stands for.  A HEAD's refusal has no text, and only that tells a
// missing repository from a missing image.
absl::StatusOr<ManifestInfo> Look(const CallContext& call, RegistryClient& registry,
                                  const std::string& repository, const std::string& reference) {
  auto info = registry.HeadManifest(call, repository, reference);
  if (info.ok() || ReasonOf(info.status()) != reason::kImageNotFound) return info;
  return registry.GetManifest(call, repository, reference);
}

absl::Status NeedRegistry(const std::string& registry) {
  if (!registry.empty()) return absl::OkStatus();
  return InvalidField("registry", "is required",
                      "name a configured registry: gantry container-registry list");
}

}  // namespace

absl::StatusOr<ImageView> ImageManager::Push(const CallContext& call, const PushSpec& spec,
                                             ProgressSink& progress) {
  GANTRY_RETURN_IF_ERROR(NeedRegistry(spec.registry));
  GANTRY_ASSIGN_OR_RETURN(const auto session, pool_.Open(call, spec.registry));
  GANTRY_ASSIGN_OR_RETURN(
      const ImageName name,
      NameImage(session->uri(), session->record().default_repository,
                {spec.pipeline, spec.version, spec.repository, spec.tags}, call.clock().Now()));
  SourceOpener opener(pool_, http_, policy_);
  GANTRY_ASSIGN_OR_RETURN(auto source, opener.Open(call, spec.source));

  const Target target{session->uri().host(), name.repository,
                      name.tags.empty() ? "" : name.tags.front(), ""};
  GANTRY_ASSIGN_OR_RETURN(const FlavorPlan plan,
                          Explained(*session, session->flavor().PreparePush(call, target)));
  EngineJob job(engine_, *session, progress, name.tags, std::move(source),
                [&] { return opener.Open(call, spec.source); });
  GANTRY_ASSIGN_OR_RETURN(const FlavorImage told,
                          Explained(*session, session->flavor().Push(call, plan, job)));
  const std::string& flavor = session->record().flavor;
  if (!job.done()) return Misbehaved(flavor, "push", "says it has pushed the image, but has not");
  const PushedImage& pushed = job.done()->image;
  if (told.digest != pushed.digest.text()) {
    return Misbehaved(flavor, "push",
                      fmt::format("says it has pushed {}, but it was {}",
                                  Excerpt(told.digest, 100), pushed.digest.text()));
  }
  ImageView view = MakeView(*session, job.done()->repository, pushed.tags, pushed.digest.text());
  view.media_type = pushed.media_type;
  view.size_bytes = pushed.size_bytes;
  view.platforms = pushed.platforms;
  view.pushed = call.clock().Now();
  return view;
}

absl::StatusOr<ImageView> ImageManager::Resolve(const CallContext& call,
                                                const std::string& reference,
                                                const std::string& registry,
                                                const std::string& repository,
                                                const std::string& tag) {
  std::shared_ptr<RegistrySession> session;
  std::string path, key = tag;
  if (!reference.empty()) {
    if (!registry.empty() || !repository.empty() || !tag.empty()) {
      return InvalidField("reference", "cannot be given together with registry, repository or tag");
    }
    GANTRY_ASSIGN_OR_RETURN(const Reference image, Reference::Parse(reference));
    GANTRY_ASSIGN_OR_RETURN(session, pool_.FindOwner(call, image));
    if (!session) {
      return NotFound(reason::kRegistryNotFound, "image {} does not belong to any registry here",
                      image.text())
          .With("image", image.text())
          .Remedy("list the registries: gantry container-registry list; and register one at {}",
                  image.host());
    }
    path = image.repository();
    key = image.manifest_key();
  } else {
    GANTRY_RETURN_IF_ERROR(NeedRegistry(registry));
    GANTRY_ASSIGN_OR_RETURN(session, pool_.Open(call, registry));
    GANTRY_ASSIGN_OR_RETURN(path, ReadRepository(*session, repository));
    if (key.empty()) key = "latest";
  }
  const bool by_digest = Digest::Parse(key).ok();
  if (!by_digest) GANTRY_RETURN_IF_ERROR(ValidateTag(key));
  GANTRY_ASSIGN_OR_RETURN(const ManifestInfo info,
                          Explained(*session, Look(call, session->client(), path, key)));
  std::vector<std::string> tags;
  if (!by_digest) tags.push_back(key);
  ImageView view = MakeView(*session, path, std::move(tags), info.digest.text());
  view.media_type = info.media_type;
  return view;
}

absl::StatusOr<ImageManager::Page> ImageManager::List(const CallContext& call,
                                                      const std::string& registry,
                                                      const std::string& repository, int page_size,
                                                      const std::string& page_token,
                                                      bool resolve_digests) {
  GANTRY_RETURN_IF_ERROR(NeedRegistry(registry));
  GANTRY_ASSIGN_OR_RETURN(const int size, EffectivePageSize(page_size));
  GANTRY_ASSIGN_OR_RETURN(const auto session, pool_.Open(call, registry));
  GANTRY_ASSIGN_OR_RETURN(const std::string path, ReadRepository(*session, repository));
  const std::string scope = fmt::format("images\n{}\n{}", registry, path);
  GANTRY_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(scope, page_token));
  GANTRY_ASSIGN_OR_RETURN(
      const FlavorInstance::Page listed,
      Explained(*session, session->flavor().List(call, {session->uri().host(), path, "", ""}, after,
                                                 size)));
  Page page;
  for (const FlavorImage& image : listed.images) {
    std::string digest = Digest::Parse(image.digest).ok() ? image.digest : "";
    std::string media_type = image.media_type;
    if (resolve_digests && digest.empty() && !image.tags.empty()) {
      GANTRY_RETURN_IF_ERROR(call.Check());
      const auto info = session->client().HeadManifest(call, path, image.tags.front());
      // A tag may go between the list and the look at it; then it is shown as it was listed.
      if (!info.ok() && info.status().code() != absl::StatusCode::kNotFound) return info.status();
      if (info.ok()) {
        digest = info->digest.text();
        media_type = info->media_type;
      }
    }
    ImageView view = MakeView(*session, path, image.tags, digest);
    view.media_type = std::move(media_type);
    view.size_bytes = image.size_bytes;
    view.pushed = image.pushed;
    page.images.push_back(std::move(view));
  }
  if (!listed.next_page_token.empty()) {
    page.next_page_token = MakePageToken(scope, listed.next_page_token);
  }
  return page;
}

}  // namespace gantry

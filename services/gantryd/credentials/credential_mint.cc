#include "gantryd/credentials/credential_mint.h"

#include <chrono>
#include <memory>
#include <utility>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/repository_name.h"

namespace gantry {
namespace {

// What lives longer than this is no better than a password.
constexpr std::chrono::hours kShortLived{24};

struct Place {
  std::shared_ptr<RegistrySession> session;
  std::string repository;  // full path, or empty
};

absl::StatusOr<Place> Find(const CallContext& call, RegistryPool& pool, const PullScope& scope) {
  Place place;
  if (scope.reference.empty()) {
    if (scope.registry.empty()) {
      return InvalidField("registry", "is required, unless a reference is given");
    }
    GANTRY_ASSIGN_OR_RETURN(place.session, pool.Open(call, scope.registry));
    if (!scope.repository.empty()) {
      GANTRY_ASSIGN_OR_RETURN(place.repository,
                              RepositoryBelow(place.session->uri(), scope.repository));
    }
    return place;
  }
  if (!scope.registry.empty() || !scope.repository.empty()) {
    return InvalidField("reference", "cannot be given together with registry or repository");
  }
  GANTRY_ASSIGN_OR_RETURN(const Reference image, Reference::Parse(scope.reference));
  GANTRY_ASSIGN_OR_RETURN(place.session, pool.FindOwner(call, image));
  if (!place.session) {
    return NotFound(reason::kRegistryNotFound, "image {} does not belong to any registry here",
                    image.text())
        .With("image", image.text())
        .Remedy("list the registries: gantry container-registry list; and register one at {}",
                image.host());
  }
  place.repository = image.repository();
  return place;
}

}  // namespace

absl::StatusOr<PullCredential> CredentialMint::Mint(const CallContext& call,
                                                    const PullScope& scope) {
  GANTRY_ASSIGN_OR_RETURN(const Place place, Find(call, pool_, scope));
  RegistrySession& session = *place.session;
  auto made = session.PullCredential(call, place.repository);
  if (!made.ok()) return session.Explain(std::move(made).status());

  PullCredential credential;
  credential.registry = session.record().name;
  credential.registry_host = session.uri().host();
  credential.repository = place.repository;
  if (made->scheme == Credential::Scheme::kAnonymous) return credential;
  if (made->scheme != Credential::Scheme::kBasic) {
    return Unimplemented(reason::kFlavorUnsupported,
                         "flavor {} cannot hand out a user name and password",
                         session.record().flavor)
        .With("flavor", session.record().flavor);
  }
  const auto life = made->expires ? std::optional(*made->expires - call.clock().Mono())
                                  : std::nullopt;
  if (life) credential.expires = call.clock().Now() + *life;
  credential.long_lived = !life || *life > kShortLived;
  if (credential.long_lived && !long_lived_flavors_.contains(session.record().flavor)) {
    return FailedPrecondition(reason::kLongLivedCredential,
                              "{} has no short-lived credential to hand out, only the one that the "
                              "daemon logs in with",
                              credential.registry_host)
        .With("registry", credential.registry)
        .With("flavor", session.record().flavor)
        .Remedy("give the puller a read-only account of its own, or have the operator start gantryd "
                "with --allow-long-lived-credentials {}",
                session.record().flavor);
  }
  credential.read_only = made->read_only;
  credential.one_repository = made->one_repository && !place.repository.empty();
  credential.username = made->username;
  credential.password = std::move(made->secret);
  return credential;
}

}  // namespace gantry

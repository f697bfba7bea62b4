#include "gantryd/images/source_opener.h"

#include <utility>

#include "base/status.h"
#include "gantryd/images/anchored_source.h"
#include "gantryd/images/caller_source.h"
#include "gantryd/registries/field_violations.h"
#include "oci/docker_engine.h"
#include "oci/registry_source.h"

namespace gantry {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

}  // namespace

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::Open(const CallContext& call,
                                                                const SourceSpec& spec) {
  using Source = absl::StatusOr<std::unique_ptr<ImageSource>>;
  using Kind = SourceName::Kind;
  return std::visit(
      Overloaded{
          [&](const SourceReference& s) -> Source { return OpenReference(call, s.reference); },
          [&](const SourceEngine& s) -> Source { return OpenEngine(s.image); },
          [&](const SourceDockerArchive& s) -> Source {
            return OpenPath(Kind::kDockerArchive, s.path);
          },
          [&](const SourceOciArchive& s) -> Source { return OpenPath(Kind::kOciArchive, s.path); },
          [&](const SourceOciLayout& s) -> Source { return OpenPath(Kind::kOciLayout, s.path); },
          [&](const CallerImage& image) -> Source {
            if (!image.blobs) return InvalidField("source.client", "cannot be read by this call");
            return std::make_unique<CallerSource>(image);
          }},
      spec);
}

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::OpenReference(const CallContext& call,
                                                                         const std::string& text) {
  GANTRY_ASSIGN_OR_RETURN(Reference reference, Reference::Parse(text));
  GANTRY_ASSIGN_OR_RETURN(const auto owner, pool_.FindOwner(call, reference));
  if (owner) {
    // Shares the session's life: its client does not outlive it.
    std::shared_ptr<RegistryClient> client(owner, &owner->client());
    return std::make_unique<RegistrySource>(std::move(client), std::move(reference));
  }
  GANTRY_ASSIGN_OR_RETURN(auto client, pool_.OpenForeign(call, reference.host()));
  return std::make_unique<RegistrySource>(std::move(client), std::move(reference));
}

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::OpenEngine(const std::string& image) {
  if (image.empty()) return InvalidField("source.docker_engine", "is empty");
  if (!policy_.docker_engine_socket.empty()) {
    return OpenDockerEngine(http_, policy_.docker_engine_socket, image);
  }
  return PermissionDenied(reason::kSourceNotAllowed,
                          "gantryd reads no images from the Docker engine of its machine")
      .Remedy("push the image from the client, or start gantryd with --docker-engine SOCKET");
}

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::OpenPath(SourceName::Kind kind,
                                                                    const std::string& text) {
  if (text.empty()) return InvalidField("source", "the path is empty");
  SourceName name = SplitSelector(kind, text);
  GANTRY_ASSIGN_OR_RETURN(AllowedFile file, OpenAllowed(policy_.roots, name.location));
  name.location = file.open_path();
  GANTRY_ASSIGN_OR_RETURN(auto source, OpenLocalSource(name, http_, policy_.docker_engine_socket));
  return std::make_unique<AnchoredSource>(std::move(file), std::move(source));
}

}  // namespace gantry

#include "gantryd/images/source_opener.h"

#include <utility>

#include "base/status.h"
#include "gantryd/images/allowed_path.h"
#include "gantryd/images/caller_source.h"
#include "oci/docker_engine.h"
#include "oci/reference.h"
#include "oci/registry_source.h"
#include "oci/source_spec.h"

namespace gantry {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// An image of a configured registry is read with its session, which must live as long.
class OwnedRegistrySource final : public ImageSource {
 public:
  OwnedRegistrySource(std::shared_ptr<RegistrySession> session, Reference reference)
      : session_(std::move(session)),
        source_(std::shared_ptr<RegistryClient>(session_, &session_->client()),
                std::move(reference)) {}
  absl::StatusOr<SourceImage> Load(const CallContext& call) override { return source_.Load(call); }
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenBlob(const CallContext& call,
                                                       const SourceBlob& blob,
                                                       int64_t offset) override {
    return source_.OpenBlob(call, blob, offset);
  }
  std::optional<RegistryOrigin> origin() const override { return source_.origin(); }

 private:
  const std::shared_ptr<RegistrySession> session_;
  RegistrySource source_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::Open(const CallContext& call,
                                                                const SourceSpec& spec) {
  using Result = absl::StatusOr<std::unique_ptr<ImageSource>>;
  const auto path = [this](SourceName::Kind kind, const std::string& text) -> Result {
    SourceName name = SplitSelector(kind, text);
    GANTRY_ASSIGN_OR_RETURN(name.location, AllowedPath(policy_.roots, name.location));
    return OpenLocalSource(name, http_, "");
  };
  return std::visit(
      Overloaded{
          [&](const SourceReference& s) -> Result { return OpenReference(call, s.reference); },
          [&](const SourceEngine& s) -> Result { return OpenEngine(s.image); },
          [&](const SourceDockerArchive& s) { return path(SourceName::Kind::kDockerArchive, s.path); },
          [&](const SourceOciArchive& s) { return path(SourceName::Kind::kOciArchive, s.path); },
          [&](const SourceOciLayout& s) { return path(SourceName::Kind::kOciLayout, s.path); },
          [&](const CallerImage& s) -> Result { return std::make_unique<CallerSource>(s); }},
      spec);
}

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::OpenReference(const CallContext& call,
                                                                         const std::string& text) {
  GANTRY_ASSIGN_OR_RETURN(Reference reference, Reference::Parse(text));
  GANTRY_ASSIGN_OR_RETURN(auto owner, pool_.FindOwner(call, reference));
  if (owner) {
    return std::make_unique<OwnedRegistrySource>(std::move(owner), std::move(reference));
  }
  GANTRY_ASSIGN_OR_RETURN(auto client, pool_.OpenForeign(call, reference.host()));
  return std::make_unique<RegistrySource>(std::move(client), std::move(reference));
}

absl::StatusOr<std::unique_ptr<ImageSource>> SourceOpener::OpenEngine(const std::string& image) {
  if (policy_.docker_engine_socket.empty()) {
    return PermissionDenied(reason::kSourceNotAllowed,
                            "the daemon may not read images of a Docker engine")
        .Remedy("push it from your own engine, or have the operator start gantryd with "
                "--docker-engine /var/run/docker.sock");
  }
  return OpenDockerEngine(http_, policy_.docker_engine_socket, image);
}

}  // namespace gantry

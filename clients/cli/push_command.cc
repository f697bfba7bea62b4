// gantry push SOURCE …
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "clients/cli/engine_socket.h"
#include "clients/cli/progress.h"
#include "clients/cli/session.h"
#include "clients/cli/value_kind.h"
#include "clients/cpp/push.h"
#include "net/curl_http_client.h"
#include "oci/source_spec.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

constexpr int64_t kTimeoutSeconds = 6 * 3600;

struct PushCommand {
  std::string source, registry, pipeline, version, repository, request_id, progress = "auto";
  std::vector<std::string> tags;
  bool on_daemon = false, quiet = false;
};

// The one that is meant when none is named: the only one, or the development registry.
absl::StatusOr<std::string> DefaultRegistry(const client::Client& client) {
  GANTRY_ASSIGN_OR_RETURN(const auto all,
                          client.CallAll(&ContainerRegistry::Stub::ListRegistries, {}));
  if (all.registries_size() == 1) return all.registries(0).name();
  for (const v1::Registry& registry : all.registries()) {
    if (registry.name() == "local") return registry.name();
  }
  return InvalidArgument(reason::kInvalidArgument, "{}",
                         all.registries_size() == 0 ? "no registry is configured"
                                                    : "several registries are configured")
      .Remedy("{}", all.registries_size() == 0
                        ? "add one with 'gantry container-registry register'"
                        : "name one with --registry; see 'gantry container-registry list'");
}

// A source the daemon opens by itself.
void DescribeForDaemon(const SourceName& spec, v1::ImageSource& out) {
  const std::string path =
      spec.selector.empty() ? spec.location : spec.location + ":" + spec.selector;
  switch (spec.kind) {
    case SourceName::Kind::kRegistry:
      out.set_reference(spec.location);
      return;
    case SourceName::Kind::kDockerDaemon:
      out.set_docker_engine(spec.location);
      return;
    case SourceName::Kind::kDockerArchive:
      out.set_docker_archive(path);
      return;
    case SourceName::Kind::kOciArchive:
      out.set_oci_archive(path);
      return;
    case SourceName::Kind::kOciLayout:
      out.set_oci_layout(path);
      return;
  }
}

absl::StatusOr<std::unique_ptr<ImageSource>> OpenHere(const SourceName& spec, HttpClient& http) {
  std::string socket;
  if (spec.kind == SourceName::Kind::kDockerDaemon) {
    const char* host = std::getenv("DOCKER_HOST");
    GANTRY_ASSIGN_OR_RETURN(socket, EngineSocket(host ? host : ""));
  }
  return OpenLocalSource(spec, http, socket);
}

Progress::Style StyleOf(const PushCommand& command, const Session& session) {
  if (command.progress == "json") return Progress::Style::kJsonLines;
  if (command.progress == "none" || command.quiet) return Progress::Style::kNone;
  if (command.progress == "plain") return Progress::Style::kLines;
  if (session.format() == Format::kJson) return Progress::Style::kNone;
  const char* terminal = std::getenv("TERM");
  const bool can_go_back = terminal && std::string_view(terminal) != "dumb";
  return can_go_back && isatty(STDERR_FILENO) ? Progress::Style::kBars : Progress::Style::kLines;
}

int TerminalColumns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

absl::StatusOr<v1::Image> PushImage(const Session& session, const PushCommand& command) {
  const client::Client client = session.Connect(kTimeoutSeconds);
  client::PushOptions options;
  v1::PushStart& start = options.start;
  GANTRY_ASSIGN_OR_RETURN(const SourceName spec, ParseSourceName(command.source));
  start.set_registry(command.registry);
  if (command.registry.empty()) {
    GANTRY_ASSIGN_OR_RETURN(*start.mutable_registry(), DefaultRegistry(client));
  }
  start.set_pipeline(command.pipeline);
  start.set_version(command.version);
  start.set_repository(command.repository);
  for (const std::string& tag : command.tags) start.add_tags(tag);
  start.set_request_id(command.request_id);
  if (command.pipeline.empty() && command.repository.empty()) {
    start.set_pipeline(SuggestName(spec));
  }

  const std::unique_ptr<HttpClient> http = std::make_unique<CurlHttpClient>();
  std::unique_ptr<ImageSource> source;
  if (command.on_daemon || spec.kind == SourceName::Kind::kRegistry) {
    DescribeForDaemon(spec, *start.mutable_source());
  } else {
    GANTRY_ASSIGN_OR_RETURN(source, OpenHere(spec, *http));
    options.source = source.get();
  }

  Progress progress(StyleOf(command, session));
  options.on_progress = [&](const v1::PushProgress& update) {
    progress.set_columns(TerminalColumns());
    std::cerr << progress.Update(update, std::chrono::steady_clock::now()) << std::flush;
  };
  auto image = client::PushImage(client, std::move(options));
  std::cerr << progress.Finish() << std::flush;
  return image;
}

Outcome Push(const Session& session, const PushCommand& command) {
  GANTRY_ASSIGN_OR_RETURN(const v1::Image image, PushImage(session, command));
  if (command.quiet) return session.Show(image, image.digest_uri() + "\n");
  std::string human = fmt::format("Pull with  {}\n", image.digest_uri());
  if (!image.uri().empty()) human = fmt::format("Pushed     {}\n", image.uri()) + human;
  return session.Show(image, human);
}

}  // namespace

void AddPushCommand(CLI::App& app, Session& session) {
  const auto command = std::make_shared<PushCommand>();
  CLI::App* push = AddCommand(app, session, "push", "Make an image pullable and say what to pull");
  push->add_option("SOURCE", command->source,
                   "docker-archive:FILE[:NAME], oci:DIR[:NAME], oci-archive:FILE[:NAME], "
                   "docker-daemon:NAME or docker://REFERENCE")
      ->required()
      ->type_name(kind::kSource);
  push->add_option("-r,--registry", command->registry,
                   "Where to; without it the only registry, or 'local'")
      ->type_name(kind::kRegistry);
  CLI::Option* pipeline =
      push->add_option("--pipeline", command->pipeline,
                       "Name it <registry-uri>/<pipeline>:<version>; without it after its source")
          ->type_name("NAME");
  push->add_option("--version", command->version, "Its version; without it the time in UTC")
      ->type_name("VERSION");
  CLI::Option* repository =
      push->add_option("--repository", command->repository,
                       "Instead of --pipeline: path below the registry's URI, as it is")
          ->excludes(pipeline)
          ->type_name("PATH");
  push->add_option("--tag", command->tags, "With --repository; may be repeated")
      ->needs(repository)
      ->allow_extra_args(false)
      ->type_name("TAG");
  push->add_option("--request-id", command->request_id,
                   "A repeat with the same id gives the first answer, for 24 hours")
      ->type_name("ID");
  push->add_flag("--on-daemon", command->on_daemon,
                 "The source is a path or an engine of the daemon's machine");
  OneOf(push->add_option("--progress", command->progress, "How to show it, on standard error"),
        {"auto", "plain", "json", "none"});
  push->add_flag("-q,--quiet", command->quiet, "Print nothing but the URI to pull");
  Runs(*push, session, command, Push);
}

}  // namespace gantry::cli

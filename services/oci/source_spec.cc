#include "oci/source_spec.h"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/status.h"
#include "oci/directory_files.h"
#include "oci/docker_archive.h"
#include "oci/docker_engine.h"
#include "oci/oci_layout.h"
#include "oci/tar_files.h"

namespace gantry {
namespace {

constexpr std::array<std::pair<std::string_view, SourceName::Kind>, 5> kWords = {{
    {"docker://", SourceName::Kind::kRegistry},
    {"docker-daemon:", SourceName::Kind::kDockerDaemon},
    {"docker-archive:", SourceName::Kind::kDockerArchive},
    {"oci-archive:", SourceName::Kind::kOciArchive},
    {"oci:", SourceName::Kind::kOciLayout},
}};

bool Exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

}  // namespace

SourceName SplitSelector(SourceName::Kind kind, const std::string& text) {
  for (size_t colon = text.find(':'); colon != text.npos; colon = text.find(':', colon + 1)) {
    if (!Exists(text) && Exists(text.substr(0, colon))) {
      return {kind, text.substr(0, colon), text.substr(colon + 1)};
    }
  }
  if (Exists(text)) return {kind, text, ""};
  const size_t colon = text.find(':');
  return {kind, text.substr(0, colon), colon == text.npos ? "" : text.substr(colon + 1)};
}

absl::StatusOr<SourceName> ParseSourceName(std::string_view text) {
  for (const auto& [word, kind] : kWords) {
    if (text.substr(0, word.size()) != word || text.size() == word.size()) continue;
    const std::string rest(text.substr(word.size()));
    if (kind == SourceName::Kind::kRegistry || kind == SourceName::Kind::kDockerDaemon) {
      return SourceName{kind, rest, ""};
    }
    return SplitSelector(kind, rest);
  }
  std::vector<std::string> known;
  for (const auto& [word, kind] : kWords) known.emplace_back(word.substr(0, word.find(':')));
  return InvalidArgument(reason::kInvalidArgument, "'{}' does not say what kind of source it is",
                         Excerpt(text, 200))
      .Remedy("{}write docker-archive:FILE, oci:DIRECTORY, oci-archive:FILE, docker-daemon:NAME or "
              "docker://REFERENCE",
              DidYouMean(text.substr(0, text.find(':')), known));
}

absl::StatusOr<std::unique_ptr<ImageSource>> OpenLocalSource(const SourceName& name,
                                                             HttpClient& http,
                                                             const std::string& engine_socket) {
  switch (name.kind) {
    case SourceName::Kind::kDockerArchive:
      return std::make_unique<DockerArchiveSource>(OpenTarFile(name.location), name.selector);
    case SourceName::Kind::kOciArchive:
      return std::make_unique<OciLayoutSource>(OpenTarFile(name.location), name.selector);
    case SourceName::Kind::kOciLayout:
      return std::make_unique<OciLayoutSource>(OpenDirectory(name.location), name.selector);
    case SourceName::Kind::kDockerDaemon:
      return OpenDockerEngine(http, engine_socket, name.location);
    case SourceName::Kind::kRegistry:
      break;
  }
  return Internal(reason::kInternal, "a registry is not a source on this machine");
}

std::string SuggestName(const SourceName& name) {
  const bool named = name.kind == SourceName::Kind::kRegistry ||
                     name.kind == SourceName::Kind::kDockerDaemon;
  std::string text = !named && !name.selector.empty() && name.selector[0] != '@' &&
                             name.selector.find_first_of(":/") != std::string::npos
                         ? name.selector
                         : name.location;
  const bool is_path = text == name.location && !named;
  while (!text.empty() && text.back() == '/') text.pop_back();
  if (is_path && (text == "." || text == ".." || text.ends_with("/.") || text.ends_with("/.."))) {
    std::error_code error;
    text = std::filesystem::weakly_canonical(text, error).string();
  }
  text = text.substr(text.rfind('/') + 1);
  text = text.substr(0, text.find_first_of(is_path ? "" : ":@"));
  if (is_path) {
    for (const std::string_view suffix : {".gz", ".tar", ".tgz"}) {
      if (text.size() > suffix.size() && text.ends_with(suffix)) {
        text.resize(text.size() - suffix.size());
      }
    }
  }
  return text;
}

}  // namespace gantry

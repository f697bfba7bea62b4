// gantry image …
#include <fmt/format.h>

#include "clients/cli/session.h"
#include "clients/cli/value_kind.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

std::string Describe(const v1::Image& image) {
  Rows rows = {{"Pull", image.digest_uri()}};
  if (!image.uri().empty()) rows.push_back({"Name", image.uri()});
  rows.push_back({"Digest", image.digest()});
  rows.push_back({"Media type", image.media_type()});
  rows.push_back({"Registry", image.registry()});
  return Table(rows);
}

struct ResolveOptions {
  std::string reference, registry;
};

Outcome Resolve(const Session& session, const ResolveOptions& options) {
  v1::ResolveImageRequest request;
  const std::string& reference = options.reference;
  if (options.registry.empty()) {
    request.set_reference(reference);
  } else {
    // "repository[:tag][@digest]" below the registry's URI.
    const size_t at = reference.find('@');
    const size_t colon = reference.rfind(':', at);
    request.set_registry(options.registry);
    request.set_repository(reference.substr(0, std::min(at, colon)));
    if (at != reference.npos) {
      request.set_tag(reference.substr(at + 1));
    } else {
      request.set_tag(colon == reference.npos ? "latest" : reference.substr(colon + 1));
    }
  }
  GANTRY_ASSIGN_OR_RETURN(const auto image,
                          session.Connect().Call(&ContainerRegistry::Stub::ResolveImage, request));
  return session.Show(image, Describe(image));
}

struct ListOptions {
  std::string registry, repository, page_token;
  int limit = 0;
  bool digests = false;
};

Outcome List(const Session& session, const ListOptions& options) {
  const client::Client client = session.Connect(300);
  v1::ListImagesRequest request;
  request.set_registry(options.registry);
  request.set_repository(options.repository);
  request.set_page_token(options.page_token);
  request.set_resolve_digests(options.digests);
  request.set_page_size(options.limit);
  constexpr auto kMethod = &ContainerRegistry::Stub::ListImages;
  GANTRY_ASSIGN_OR_RETURN(const auto all, options.limit == 0 ? client.CallAll(kMethod, request)
                                                             : client.Call(kMethod, request));
  Rows rows = {{"IMAGE", "DIGEST"}};
  for (const v1::Image& image : all.images()) {
    rows.push_back({image.uri(), image.digest().empty() ? "-" : image.digest()});
  }
  std::string human = Table(rows);
  if (!all.next_page_token().empty()) {
    human += fmt::format("More: --page-token {}\n", all.next_page_token());
  }
  return session.Show(all, human);
}

}  // namespace

void AddImageCommands(CLI::App& app, Session& session) {
  CLI::App* group = AddGroup(app, session, "image", "Images in configured registries");

  CLI::App* resolve = AddCommand(*group, session, "resolve", "The digest that a tag names now");
  const auto one = std::make_shared<ResolveOptions>();
  resolve
      ->add_option("REFERENCE", one->reference,
                   "A full name such as docker.io/me/app:1.0; with --registry, what lies below it")
      ->required()
      ->type_name("REFERENCE");
  resolve->add_option("-r,--registry", one->registry, "A configured registry")
      ->type_name(kind::kRegistry);
  Runs(*resolve, session, one, Resolve);

  CLI::App* list = AddCommand(*group, session, "list", "Tags of a repository");
  const auto options = std::make_shared<ListOptions>();
  list->add_option("REPOSITORY", options->repository, "Path below the registry's URI")
      ->type_name("PATH");
  list->add_option("-r,--registry", options->registry, "A configured registry")
      ->required()
      ->type_name(kind::kRegistry);
  list->add_flag("--digests", options->digests, "Ask for each tag's digest too");
  list->add_option("--limit", options->limit,
                   "One page of at most this many, up to 1000; without it, all pages")
      ->type_name("COUNT")
      ->check([](const std::string& text) {
        int count = 0;
        return CLI::detail::lexical_cast(text, count) && count >= 1 && count <= 1000
                   ? ""
                   : "'" + text + "' is not a number from 1 to 1000";
      });
  list->add_option("--page-token", options->page_token, "Where the page before ended")
      ->type_name("TOKEN");
  Runs(*list, session, options, List);
}

}  // namespace gantry::cli

// gantry image …
#include <fmt/format.h>

#include <memory>

#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

std::string Describe(const v1::Image& image) {
  std::vector<std::vector<std::string>> rows = {{"Pull", image.digest_uri()}};
  if (!image.uri().empty()) rows.push_back({"Name", image.uri()});
  rows.push_back({"Digest", image.digest()});
  rows.push_back({"Media type", image.media_type()});
  rows.push_back({"Registry", image.registry()});
  return Table(rows);
}

ExitCode Resolve(const Session& session, const std::string& reference,
                 const std::string& registry) {
  v1::ResolveImageRequest request;
  if (registry.empty()) {
    request.set_reference(reference);
  } else {
    // "repository[:tag][@digest]" below the registry's URI.
    const size_t at = reference.find('@');
    const size_t colon = reference.rfind(':', at);
    const size_t end = std::min(at, colon);
    request.set_registry(registry);
    request.set_repository(reference.substr(0, end));
    if (at != reference.npos) {
      request.set_tag(reference.substr(at + 1));
    } else {
      request.set_tag(colon == reference.npos ? "latest" : reference.substr(colon + 1));
    }
  }
  const auto image = session.Connect().Call(&ContainerRegistry::Stub::ResolveImage, request);
  return image.ok() ? session.Show(*image, Describe(*image)) : session.Fail(image.status());
}

struct ListOptions {
  std::string registry, repository, page_token;
  int limit = 0;
  bool digests = false;
};

ExitCode List(const Session& session, const ListOptions& options) {
  const client::Client client = session.Connect(300);
  v1::ListImagesRequest request;
  request.set_registry(options.registry);
  request.set_repository(options.repository);
  request.set_page_token(options.page_token);
  request.set_resolve_digests(options.digests);
  request.set_page_size(options.limit);
  v1::ListImagesResponse all;
  do {
    auto page = client.Call(&ContainerRegistry::Stub::ListImages, request);
    if (!page.ok()) return session.Fail(page.status());
    all.mutable_images()->MergeFrom(page->images());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && options.limit == 0);
  all.set_next_page_token(request.page_token());
  std::vector<std::vector<std::string>> rows = {{"IMAGE", "DIGEST"}};
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
  CLI::App* group = AddCommand(app, session, "image", "Images in configured registries");
  group->require_subcommand(1);

  CLI::App* resolve = AddCommand(*group, session, "resolve", "The digest that a tag names now");
  const auto reference = std::make_shared<std::string>();
  const auto registry = std::make_shared<std::string>();
  resolve
      ->add_option("REFERENCE", *reference,
                   "A full name such as docker.io/me/app:1.0; with --registry, what lies below it")
      ->required();
  resolve->add_option("-r,--registry", *registry, "A configured registry");
  resolve->callback([&session, reference, registry] {
    session.command = [&session, reference, registry] {
      return Resolve(session, *reference, *registry);
    };
  });

  CLI::App* list = AddCommand(*group, session, "list", "Tags of a repository");
  const auto options = std::make_shared<ListOptions>();
  list->add_option("REPOSITORY", options->repository, "Path below the registry's URI");
  list->add_option("-r,--registry", options->registry, "A configured registry")->required();
  list->add_flag("--digests", options->digests, "Ask for each tag's digest too");
  list->add_option("--limit", options->limit,
                   "One page of at most this many; without it, all pages")
      ->check(CLI::Range(1, 1000));
  list->add_option("--page-token", options->page_token, "Where the page before ended");
  list->callback([&session, options] {
    session.command = [&session, options] { return List(session, *options); };
  });
}

}  // namespace gantry::cli

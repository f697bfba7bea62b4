#include "clients/cli/usage_error.h"

#include <string>
#include <string_view>
#include <vector>

#include "base/nearest.h"
#include "base/status.h"

namespace gantry::cli {
namespace {

// What may stand where the command that was reached did not know a word.
std::vector<std::string> KnownWords(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* child : command.get_subcommands({})) words.push_back(child->get_name());
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

}  // namespace

absl::Status UsageError(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string path = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().back();
    path += " " + command->get_name();
  }
  std::string message = error.what();
  std::string guess;
  if (const auto unknown = command->remaining(); !unknown.empty()) {
    const std::string word = unknown.front().substr(0, unknown.front().find('='));
    message = fmt::format("'{}' does not know '{}'", path, Excerpt(word, 100));
    guess = DidYouMean(word, KnownWords(*command));
  } else if (dynamic_cast<const CLI::RequiredError*>(&error) &&
             !command->get_subcommands({}).empty()) {
    message = fmt::format("'{}' needs a command", path);
  }
  return InvalidArgument(reason::kInvalidArgument, "{}", message)
      .Remedy("{}see '{} --help'", guess, path);
}

bool AskForJson(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--output=json" || word == "-o=json" || word == "-ojson") return true;
    if ((word == "-o" || word == "--output") && i + 1 < argc) {
      return std::string_view(argv[i + 1]) == "json";
    }
  }
  return false;
}

}  // namespace gantry::cli

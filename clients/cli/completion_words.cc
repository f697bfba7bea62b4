#include "clients/cli/completion_words.h"

#include <algorithm>

#include "clients/cli/completion_values.h"

namespace gantry::cli {
namespace {

using Words = std::vector<std::string>;

// The words before the cursor, understood.
struct Line {
  const CLI::App* command = nullptr;
  const CLI::Option* awaiting = nullptr;  // the option whose value comes next
  size_t positionals = 0;                 // given so far
  GivenValues given;
};

const CLI::App* ChildOf(const CLI::App& command, const std::string& name) {
  for (const CLI::App* child : command.get_subcommands({})) {
    if (child->get_name() == name) return child;
  }
  return nullptr;
}

bool TakesValue(const CLI::Option* option) { return option && option->get_expected_max() > 0; }

Line Understand(const CLI::App& root, const Words& words) {
  Line line;
  line.command = &root;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (line.awaiting) {
      line.given[line.awaiting->get_type_name()] = word;
      line.awaiting = nullptr;
    } else if (word.starts_with("-")) {
      const size_t equals = word.find('=');
      const CLI::Option* option = line.command->get_option_no_throw(word.substr(0, equals));
      if (!TakesValue(option)) continue;
      if (equals == word.npos) {
        line.awaiting = option;
      } else {
        line.given[option->get_type_name()] = word.substr(equals + 1);
      }
    } else if (const CLI::App* child = ChildOf(*line.command, word)) {
      line.command = child;
    } else {
      ++line.positionals;
    }
  }
  return line;
}

// "--option=begun".
Words ValuesInOneWord(const Line& line, const std::string& word, size_t equals,
                      const CompletionValues& values) {
  const std::string option = word.substr(0, equals + 1);
  const std::string begun = word.substr(equals + 1);
  const CLI::Option* known = line.command->get_option_no_throw(word.substr(0, equals));
  Words found;
  if (TakesValue(known)) {
    found = values.Of(known->get_type_name(), begun);
  } else if (begun.starts_with("@")) {
    found = CompletionValues::Paths(begun.substr(1));
    for (std::string& path : found) path.insert(0, "@");
  }
  for (std::string& value : found) value.insert(0, option);
  return found;
}

Words Options(const Line& line, const CompletionValues& values) {
  Words options;
  for (const CLI::Option* option : line.command->get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  if (line.command->get_allow_extras()) {
    for (const std::string& field : values.Fields()) options.push_back("--" + field + "=");
  }
  return options;
}

Words CommandsAndPositionals(const Line& line, const std::string& begun,
                             const CompletionValues& values) {
  Words words;
  for (const CLI::App* child : line.command->get_subcommands({})) {
    if (!child->get_group().empty()) words.push_back(child->get_name());
  }
  size_t place = 0;
  for (const CLI::Option* option : line.command->get_options()) {
    if (!option->get_positional() || place++ != line.positionals) continue;
    for (std::string& value : values.Of(option->get_type_name(), begun)) {
      words.push_back(std::move(value));
    }
  }
  return words;
}

}  // namespace

std::vector<std::string> CompletionWords(const CLI::App& root,
                                         const std::vector<std::string>& words,
                                         const std::string& address) {
  if (words.empty()) return {};
  const Line line = Understand(root, words);
  const CompletionValues values(line.given, address);
  const std::string& word = words.back();
  const size_t equals = word.find('=');
  Words found = line.awaiting ? values.Of(line.awaiting->get_type_name(), word)
                : word.starts_with("-") && equals != word.npos
                    ? ValuesInOneWord(line, word, equals, values)
                : word.starts_with("-") ? Options(line, values)
                                        : CommandsAndPositionals(line, word, values);
  std::erase_if(found, [&](const std::string& candidate) { return !candidate.starts_with(word); });
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace gantry::cli

// gantry completion …: scripts that ask the program itself for its commands and options.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

constexpr char kBash[] =
    R"sh(# bash completion for gantry; put it in /usr/share/bash-completion/completions/gantry
_gantry() {
  local current=${COMP_WORDS[COMP_CWORD]}
  local words
  words=$("${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o default -F _gantry gantry
)sh";

constexpr char kZsh[] = R"sh(#compdef gantry
# zsh completion for gantry; put it as _gantry into a directory of $fpath
_gantry() {
  local -a candidates
  candidates=(${(f)"$($words[1] completion words -- ${words[2,CURRENT-1]} 2>/dev/null)"})
  compadd -a candidates || _files
}
compdef _gantry gantry
)sh";

// Subcommands and options of the command that the words lead to, one a line.
std::string Words(const CLI::App& root, const std::vector<std::string>& words) {
  const CLI::App* command = &root;
  for (const std::string& word : words) {
    for (const CLI::App* child : command->get_subcommands({})) {
      if (child->get_name() == word) {
        command = child;
        break;
      }
    }
  }
  std::string out;
  for (const CLI::App* child : command->get_subcommands({})) out += child->get_name() + "\n";
  const auto options = [&](const CLI::App& app) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) out += "--" + name + "\n";
    }
  };
  options(*command);
  if (command != &root) options(root);
  return out;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Session& session) {
  CLI::App* group = AddCommand(app, session, "completion", "Completion scripts for shells");
  group->require_subcommand(1);
  const auto print = [&](const std::string& shell, const char* script) {
    AddCommand(*group, session, shell, "For " + shell)->callback([&session, script] {
      session.command = [script] {
        std::cout << script;
        return kOk;
      };
    });
  };
  print("bash", kBash);
  print("zsh", kZsh);
  // What the scripts call; `--` keeps the words from being read as options of this command.
  CLI::App* words = AddCommand(*group, session, "words", "Candidates after the given words");
  words->prefix_command();
  words->callback([&app, &session, words] {
    session.command = [&app, words] {
      std::cout << Words(app, words->remaining());
      return kOk;
    };
  });
}

}  // namespace gantry::cli

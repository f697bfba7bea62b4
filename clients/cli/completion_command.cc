// gantry completion …: scripts that ask the program itself what may come next.
#include <iostream>

#include "base/status.h"
#include "clients/cli/completion_words.h"
#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

constexpr char kBash[] =
    R"sh(# bash completion for gantry; put it in /usr/share/bash-completion/completions/gantry
_gantry() {
  local line=${COMP_LINE:0:COMP_POINT} words current piece
  read -a words <<< "$line"
  [[ $line == *[^\\][[:space:]] ]] && words+=('')
  current=${words[-1]}
  # Bash splits words at = and : too, and puts the answer in the place of the last piece.
  piece=${COMP_WORDS[COMP_CWORD]}
  [[ $piece =~ ^[=:]+$ ]] && piece=
  mapfile -t COMPREPLY < <("${words[0]/#\~/$HOME}" completion words "${words[@]}" 2>/dev/null)
  COMPREPLY=("${COMPREPLY[@]#"${current%"${piece//\\/}"}"}")
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]]; then compopt -o nospace; fi
}
complete -F _gantry gantry
)sh";

constexpr char kZsh[] = R"sh(#compdef gantry
# zsh completion for gantry; put it as _gantry into a directory of $fpath
_gantry() {
  local -a found open
  found=(${(f)"$("${(Q)words[1]}" completion words "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"})
  open=(${(M)found:#*[=:/]})
  found=(${found:#*[=:/]})
  compadd -Q -S '' -a open
  compadd -Q -a found
}
if [ "$funcstack[1]" = _gantry ]; then _gantry "$@"; else compdef _gantry gantry; fi
)sh";

// As it must be typed into either shell.
std::string Quoted(const std::string& word) {
  constexpr std::string_view kSpecial = " \t\"'\\$&;()<>|*?[]{}!#`";
  std::string out;
  for (const char c : word) {
    if (kSpecial.find(c) != kSpecial.npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Session& session) {
  CLI::App* group = AddGroup(app, session, "completion", "Completion scripts for shells");
  const auto print = [&](const std::string& shell, const char* script) {
    AddCommand(*group, session, shell, "For " + shell)->callback([&session, script] {
      session.command = [&session, script]() -> Outcome {
        if (session.format() == Format::kJson) {
          return InvalidArgument(reason::kInvalidArgument,
                                 "a completion script has no form as JSON")
              .Remedy("leave out --output json: the script goes to a file, as it is");
        }
        std::cout << script;
        return kOk;
      };
    });
  };
  print("bash", kBash);
  print("zsh", kZsh);
  // What the scripts call.  The first word, the program's name, keeps the others from being read as
  // options of this command.
  CLI::App* words = AddCommand(*group, session, "words", "Candidates for the last of the words");
  words->group("")->prefix_command();
  words->callback([&app, &session, words] {
    session.command = [&app, &session, words]() -> Outcome {
      std::vector<std::string> line = words->remaining();
      if (!line.empty()) line.erase(line.begin());
      for (const auto& word : CompletionWords(app, line, session.address)) {
        std::cout << Quoted(word) << "\n";
      }
      return kOk;
    };
  });
}

}  // namespace gantry::cli

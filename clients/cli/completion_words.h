// What may stand where the shell's cursor is.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gantry::cli {

// Candidates for the last of `words`, which stand behind the program's name and of which the last
// may be begun or empty.  Names of registries and the like are asked of the daemon that the words
// (or `address`) name, and are left out when it does not answer at once.
std::vector<std::string> CompletionWords(const CLI::App& root,
                                         const std::vector<std::string>& words,
                                         const std::string& address);

}  // namespace gantry::cli

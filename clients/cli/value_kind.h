// What the value of an option is: shown in the help, and completed by the shell.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace gantry::cli {
namespace kind {

// Names of what the daemon knows, and of what is on this machine.
inline constexpr char kRegistry[] = "REGISTRY";
inline constexpr char kConnector[] = "CONNECTOR";
inline constexpr char kFlavor[] = "FLAVOR";
inline constexpr char kConnectorType[] = "TYPE";
inline constexpr char kAuthMethod[] = "METHOD";
inline constexpr char kAddress[] = "ADDRESS";
inline constexpr char kSource[] = "SOURCE";
inline constexpr char kFile[] = "FILE";
inline constexpr char kNewName[] = "NAME";
inline constexpr char kText[] = "TEXT";

}  // namespace kind

// A value that is one of a few words; its kind is "one|other".
CLI::Option* OneOf(CLI::Option* option, const std::vector<std::string>& words);

}  // namespace gantry::cli

#include "clients/cli/help.h"

#include <memory>
#include <string>
#include <string_view>

#include "clients/cli/exit_code.h"

namespace gantry::cli {
namespace {

constexpr char kOutputHelp[] =
    "With --output json a command prints one JSON document on standard output, and an error as "
    "one\n"
    "line of JSON, the last, on standard error; warnings and hints stay sentences there.\n\n";

// CLI11's layout, with less said behind an option's name.
class Formatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    constexpr std::string_view kFalse = "{false}";  // CLI11's mark of a flag that says no
    if (name.ends_with(kFalse)) name.resize(name.size() - kFalse.size());
    return name;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional()) return "";
    std::string text;
    if (option->get_type_size() != 0) text = " " + option->get_type_name();
    if (option->get_required()) text += " (required)";
    if (!option->get_envname().empty()) text += " [$" + option->get_envname() + "]";
    return text;
  }
};

}  // namespace

void SetUpHelp(CLI::App& app) {
  const auto formatter = std::make_shared<Formatter>();
  formatter->column_width(32);
  app.formatter(formatter);
  app.footer(std::string(kOutputHelp) + ExitCodeHelp());
}

}  // namespace gantry::cli

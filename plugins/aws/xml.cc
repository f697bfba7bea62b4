#include "plugins/aws/xml.h"

#include <utility>

namespace gantry::aws {
namespace {

constexpr std::pair<std::string_view, char> kEntities[] = {
    {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};

}  // namespace

std::string XmlText(std::string_view document, std::string_view element) {
  const std::string open = "<" + std::string(element) + ">";
  const size_t begin = document.find(open);
  if (begin == document.npos) return "";
  const std::string_view rest = document.substr(begin + open.size());
  const size_t end = rest.find("</" + std::string(element) + ">");
  if (end == rest.npos) return "";

  std::string text;
  for (std::string_view raw = rest.substr(0, end); !raw.empty();) {
    size_t length = 1;
    char c = raw[0];
    for (const auto& [entity, meaning] : kEntities) {
      if (raw.substr(0, entity.size()) == entity) {
        length = entity.size();
        c = meaning;
      }
    }
    text += c;
    raw.remove_prefix(length);
  }
  return text;
}

}  // namespace gantry::aws

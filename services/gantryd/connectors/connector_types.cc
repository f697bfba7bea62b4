#include "gantryd/connectors/connector_types.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"

namespace gantry {
namespace {

void Join(const ConnectorTypeInfo& declared, ConnectorTypeInfo& type) {
  if (type.display_name.empty()) type.display_name = declared.display_name;
  if (type.description.empty()) type.description = declared.description;
  for (const AuthMethodInfo& method : declared.auth_methods) {
    const bool known =
        std::any_of(type.auth_methods.begin(), type.auth_methods.end(),
                    [&](const AuthMethodInfo& other) { return other.name == method.name; });
    if (!known) type.auth_methods.push_back(method);
  }
}

// "; there are: a, b", or that there is none.
template <class Items, class NameOf>
std::string Choice(const Items& items, NameOf name_of) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(name_of(item));
  if (names.empty()) return "there is none, for no loaded flavor declares one";
  return fmt::format("there {} {}", names.size() == 1 ? "is" : "are", fmt::join(names, ", "));
}

}  // namespace

std::vector<ConnectorTypeView> ConnectorTypes(const FlavorCatalog& flavors) {
  std::map<std::string, ConnectorTypeView> types;
  for (const FlavorInfo& flavor : flavors.List()) {
    if (!flavor.load_error.empty()) continue;
    for (const ConnectorTypeInfo& declared : flavor.connector_types) {
      ConnectorTypeView& view = types[declared.type];
      view.info.type = declared.type;
      Join(declared, view.info);
      view.flavors.push_back(flavor.name);
    }
  }
  std::vector<ConnectorTypeView> list;
  for (auto& [name, view] : types) list.push_back(std::move(view));
  return list;
}

absl::StatusOr<AuthMethodInfo> FindAuthMethod(const FlavorCatalog& flavors, const std::string& type,
                                              const std::string& method) {
  const auto types = ConnectorTypes(flavors);
  const auto found = std::find_if(types.begin(), types.end(),
                                  [&](const ConnectorTypeView& t) { return t.info.type == type; });
  if (found == types.end()) {
    const std::string choice =
        Choice(types, [](const ConnectorTypeView& t) { return t.info.type; });
    return InvalidConfig({{"type", type.empty() ? "is required; " + choice
                                                : fmt::format("'{}' is no connector type; {}",
                                                              Excerpt(type, 80), choice)}},
                         "list what there is: gantry service-connector list-types");
  }
  const auto& methods = found->info.auth_methods;
  const auto wanted = std::find_if(methods.begin(), methods.end(),
                                   [&](const AuthMethodInfo& m) { return m.name == method; });
  if (wanted != methods.end()) return *wanted;
  const std::string choice = Choice(methods, [](const AuthMethodInfo& m) { return m.name; });
  return InvalidConfig(
      {{"auth_method", method.empty() ? "is required; " + choice
                                      : fmt::format("'{}' is no auth method of type {}; {}",
                                                    Excerpt(method, 80), type, choice)}},
      "list what there is: gantry service-connector list-types");
}

}  // namespace gantry

// gantry service-connector list-types, describe-type
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/status.h"
#include "clients/cli/config_struct.h"
#include "clients/cli/connector_commands.h"
#include "clients/cli/value_kind.h"
#include "clients/cli/zenml_options.h"

namespace gantry::cli {
namespace {

using v1::ServiceConnectors;

struct TypeOptions {
  std::string type, auth_method;
};

// Those of the type, and of these the auth method; all for an empty name.
//   INVALID_ARGUMENT   there is none, with what there is
absl::StatusOr<v1::ListConnectorTypesResponse> Chosen(const Session& session,
                                                      const TypeOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const auto all,
                          session.Connect().Call(&ServiceConnectors::Stub::ListConnectorTypes, {}));
  v1::ListConnectorTypesResponse chosen;
  std::set<std::string> types, methods;
  for (v1::ConnectorType type : all.connector_types()) {
    types.insert(type.type());
    if (!options.type.empty() && type.type() != options.type) continue;
    auto& list = *type.mutable_auth_methods();
    for (const v1::AuthMethod& method : list) methods.insert(method.name());
    if (!options.auth_method.empty()) {
      list.erase(
          std::remove_if(list.begin(), list.end(),
                         [&](const v1::AuthMethod& m) { return m.name() != options.auth_method; }),
          list.end());
    }
    if (!list.empty()) *chosen.add_connector_types() = std::move(type);
  }
  if (!chosen.connector_types().empty() || all.connector_types().empty()) return chosen;
  const bool no_type = !options.type.empty() && !types.contains(options.type);
  return InvalidArgument(reason::kInvalidArgument, "there is no {} '{}'",
                         no_type ? "connector type" : "auth method",
                         no_type ? options.type : options.auth_method)
      .Remedy("there are {}", fmt::join(no_type ? types : methods, ", "));
}

std::string TypesTable(const v1::ListConnectorTypesResponse& all) {
  Rows rows = {{"TYPE", "AUTH METHOD", "FIELDS", "FLAVORS", ""}};
  for (const v1::ConnectorType& type : all.connector_types()) {
    for (const v1::AuthMethod& method : type.auth_methods()) {
      rows.push_back({type.type(), method.name(),
                      fmt::format("--{}", fmt::join(FieldNames(method.config_schema()), " --")),
                      fmt::format("{}", fmt::join(type.flavors(), ", ")),
                      method.allowed() ? "" : "(not allowed by the operator)"});
    }
  }
  return Table(rows);
}

Outcome ListTypes(const Session& session, const TypeOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const auto chosen, Chosen(session, options));
  return session.Show(chosen, TypesTable(chosen));
}

std::string TextOf(const google::protobuf::Struct& object, const char* member) {
  const auto it = object.fields().find(member);
  return it == object.fields().end() ? "" : it->second.string_value();
}

// A row for each field of the method's schema: what is required comes first.
Rows FieldRows(const google::protobuf::Struct& schema) {
  Rows required, optional;
  const auto properties = schema.fields().find("properties");
  if (properties == schema.fields().end()) return {};
  const auto list = schema.fields().find("required");
  std::set<std::string> needed;
  if (list != schema.fields().end()) {
    for (const auto& name : list->second.list_value().values()) needed.insert(name.string_value());
  }
  for (const std::string& name : FieldNames(schema)) {
    const auto& property = properties->second.struct_value().fields().at(name).struct_value();
    const auto write_only = property.fields().find("writeOnly");
    const bool secret = write_only != property.fields().end() && write_only->second.bool_value();
    const bool must = needed.contains(name);
    const std::string word =
        must ? (secret ? "required, secret" : "required") : (secret ? "secret" : "");
    (must ? required : optional).push_back({"  --" + name, word, TextOf(property, "description")});
  }
  required.insert(required.end(), optional.begin(), optional.end());
  return required;
}

Outcome DescribeType(const Session& session, const TypeOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const auto chosen, Chosen(session, options));
  if (chosen.connector_types().empty()) {
    return FailedPrecondition(reason::kFlavorNotLoaded,
                              "no loaded flavor declares a connector type")
        .Remedy("see why: gantry flavor list");
  }
  const v1::ConnectorType& type = chosen.connector_types(0);
  std::string text = fmt::format("{}: {}\n{}\nFor flavors: {}\n", Printable(type.type()),
                                 Printable(type.display_name()), Printable(type.description()),
                                 Printable(fmt::format("{}", fmt::join(type.flavors(), ", "))));
  for (const v1::AuthMethod& method : type.auth_methods()) {
    text += fmt::format("\n--auth-method={}: {}{}\n", Printable(method.name()),
                        Printable(method.display_name()),
                        method.allowed() ? "" : " (not allowed by the operator)");
    text += Table(FieldRows(method.config_schema()));
  }
  return session.Show(type, text);
}

void AddAuthMethod(CLI::App& command, TypeOptions& options) {
  command.add_option("-a,--auth-method", options.auth_method, "This one alone")
      ->type_name(kind::kAuthMethod);
}

}  // namespace

void AddConnectorTypeCommands(CLI::App& group, Session& session) {
  CLI::App* list =
      AddCommand(group, session, "list-types", "Types and auth methods of the loaded flavors");
  const auto listed = std::make_shared<TypeOptions>();
  list->add_option("-t,--type", listed->type, "This one alone")->type_name(kind::kConnectorType);
  AddAuthMethod(*list, *listed);
  AddResourceType(*list);
  Runs(*list, session, listed, ListTypes);

  CLI::App* describe = AddCommand(group, session, "describe-type",
                                  "A type's auth methods, with what each of their fields means");
  const auto described = std::make_shared<TypeOptions>();
  describe->add_option("TYPE", described->type, "See 'list-types'")
      ->required()
      ->type_name(kind::kConnectorType);
  AddAuthMethod(*describe, *described);
  AddResourceType(*describe);
  Runs(*describe, session, described, DescribeType);
}

}  // namespace gantry::cli

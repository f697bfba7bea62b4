// gantry service-connector …
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iostream>
#include <memory>

#include "base/uuid.h"
#include "clients/cli/config_struct.h"
#include "clients/cli/key_values.h"
#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

using v1::ConnectorVerification;
using v1::ServiceConnectors;

struct ConnectorOptions {
  std::string name, type, auth_method, description;
  std::vector<std::string> labels;
  bool no_verify = false;
  CLI::App* command = nullptr;
};

const char* Word(ConnectorVerification::State state) {
  switch (state) {
    case ConnectorVerification::STATE_ACCEPTED:
      return "accepted";
    case ConnectorVerification::STATE_REJECTED:
      return "rejected";
    case ConnectorVerification::STATE_UNREACHABLE:
      return "not reachable";
    case ConnectorVerification::STATE_SKIPPED:
      return "not tried";
    default:
      return "never tried";
  }
}

std::string Describe(const v1::ServiceConnector& c) {
  std::vector<std::vector<std::string>> rows = {
      {"Name", c.name()}, {"Type", c.type()}, {"Auth method", c.auth_method()}};
  if (!c.description().empty()) rows.push_back({"Description", c.description()});
  for (const auto& [key, value] : c.config().fields()) {
    rows.push_back({key, value.kind_case() == google::protobuf::Value::kStringValue
                             ? value.string_value()
                             : value.ShortDebugString()});
  }
  for (const std::string& field : c.secret_fields()) rows.push_back({field, "(set, write-only)"});
  if (!c.labels().empty()) rows.push_back({"Labels", LabelText(c.labels())});
  std::string tried = Word(c.verification().state());
  if (!c.verification().registry_host().empty()) tried += " by " + c.verification().registry_host();
  if (!c.verification().message().empty()) tried += ": " + c.verification().message();
  rows.push_back({"Credential", tried});
  return Table(rows);
}

absl::Status Apply(const ConnectorOptions& o, v1::ServiceConnector& connector) {
  connector.set_name(o.name);
  if (!o.type.empty()) connector.set_type(o.type);
  if (!o.auth_method.empty()) connector.set_auth_method(o.auth_method);
  if (!o.description.empty()) connector.set_description(o.description);
  GANTRY_ASSIGN_OR_RETURN(const auto labels, ParseLabels(o.labels));
  for (const auto& [key, value] : labels) (*connector.mutable_labels())[key] = value;
  GANTRY_ASSIGN_OR_RETURN(const auto fields, ParseKeyValues(o.command->remaining(), std::cin));
  AddFields(fields, *connector.mutable_config());
  return absl::OkStatus();
}

ExitCode ShowStored(const Session& session, const v1::ServiceConnector& connector,
                    const std::string& verb) {
  if (connector.verification().state() == ConnectorVerification::STATE_UNREACHABLE) {
    std::cerr << fmt::format("warning: the credential could not be tried: {}\n",
                             connector.verification().message());
  }
  return session.Show(
      connector,
      fmt::format("{} {} ({}, {}): credential {}\n", verb, connector.name(), connector.type(),
                  connector.auth_method(), Word(connector.verification().state())));
}

// Other users of the machine can see a command's arguments.
void HintAtSecretsInArguments(const v1::ServiceConnector& connector, const CLI::App& command) {
  const auto arguments = command.remaining();
  for (const std::string& field : connector.secret_fields()) {
    for (const std::string& argument : arguments) {
      const std::string prefix = "--" + field + "=";
      if (argument.rfind(prefix, 0) != 0) continue;
      const std::string value = argument.substr(prefix.size());
      if (value == "-" || value.rfind("@", 0) == 0 || value.rfind("env:", 0) == 0) continue;
      std::cerr << fmt::format(
          "hint: --{0}=@file, --{0}=- or --{0}=env:NAME keeps it out of the "
          "process list\n",
          field);
    }
  }
}

ExitCode Register(const Session& session, const ConnectorOptions& options) {
  v1::CreateServiceConnectorRequest request;
  request.set_request_id(NewUuid());
  request.set_skip_verification(options.no_verify);
  if (const auto s = Apply(options, *request.mutable_connector()); !s.ok()) return session.Fail(s);
  const auto made =
      session.Connect().Call(&ServiceConnectors::Stub::CreateServiceConnector, request);
  if (!made.ok()) return session.Fail(made.status());
  HintAtSecretsInArguments(*made, *options.command);
  return ShowStored(session, *made, "Registered");
}

ExitCode Update(const Session& session, const ConnectorOptions& options) {
  const client::Client client = session.Connect();
  v1::GetServiceConnectorRequest get;
  get.set_name(options.name);
  auto current = client.Call(&ServiceConnectors::Stub::GetServiceConnector, get);
  if (!current.ok()) return session.Fail(current.status());
  v1::UpdateServiceConnectorRequest request;
  request.set_request_id(NewUuid());
  request.set_skip_verification(options.no_verify);
  *request.mutable_connector() = *std::move(current);
  if (const auto s = Apply(options, *request.mutable_connector()); !s.ok()) return session.Fail(s);
  const auto updated = client.Call(&ServiceConnectors::Stub::UpdateServiceConnector, request);
  if (!updated.ok()) return session.Fail(updated.status());
  return ShowStored(session, *updated, "Updated");
}

ExitCode List(const Session& session) {
  const client::Client client = session.Connect();
  v1::ListServiceConnectorsResponse all;
  v1::ListServiceConnectorsRequest request;
  do {
    auto page = client.Call(&ServiceConnectors::Stub::ListServiceConnectors, request);
    if (!page.ok()) return session.Fail(page.status());
    all.mutable_connectors()->MergeFrom(page->connectors());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  std::vector<std::vector<std::string>> rows = {
      {"NAME", "TYPE", "AUTH METHOD", "CREDENTIAL", "LABELS"}};
  for (const v1::ServiceConnector& c : all.connectors()) {
    rows.push_back({c.name(), c.type(), c.auth_method(), Word(c.verification().state()),
                    LabelText(c.labels())});
  }
  return session.Show(all, Table(rows));
}

ExitCode ListTypes(const Session& session) {
  const auto answer = session.Connect().Call(&ServiceConnectors::Stub::ListConnectorTypes,
                                             v1::ListConnectorTypesRequest());
  if (!answer.ok()) return session.Fail(answer.status());
  std::vector<std::vector<std::string>> rows = {{"TYPE", "AUTH METHOD", "FIELDS", "FLAVORS"}};
  for (const v1::ConnectorType& type : answer->connector_types()) {
    for (const v1::AuthMethod& method : type.auth_methods()) {
      std::vector<std::string> fields;
      const auto& schema = method.config_schema().fields();
      if (const auto it = schema.find("properties"); it != schema.end()) {
        for (const auto& [name, property] : it->second.struct_value().fields()) {
          fields.push_back("--" + name);
        }
      }
      std::sort(fields.begin(), fields.end());
      rows.push_back({type.type(), method.name(), fmt::format("{}", fmt::join(fields, " ")),
                      fmt::format("{}", fmt::join(type.flavors(), ", "))});
    }
  }
  return session.Show(*answer, Table(rows));
}

ExitCode Verify(const Session& session, const std::string& name) {
  v1::VerifyServiceConnectorRequest request;
  request.set_name(name);
  const auto answer =
      session.Connect(120).Call(&ServiceConnectors::Stub::VerifyServiceConnector, request);
  if (!answer.ok()) return session.Fail(answer.status());
  std::string human;
  ExitCode code = kOk;
  for (const ConnectorVerification& v : answer->verifications()) {
    human += fmt::format("{}: {}{}{}\n", v.registry_host(), Word(v.state()),
                         v.message().empty() ? "" : ": ", v.message());
    if (v.state() == ConnectorVerification::STATE_REJECTED) code = kAuth;
    if (v.state() == ConnectorVerification::STATE_UNREACHABLE && code == kOk) code = kUnavailable;
  }
  session.Show(*answer, human);
  return code;
}

std::shared_ptr<ConnectorOptions> AddFields(CLI::App& app) {
  auto o = std::make_shared<ConnectorOptions>();
  o->command = &app;
  app.add_option("NAME", o->name, "Name of the connector")->required();
  app.add_option("-a,--auth-method", o->auth_method, "How to log in");
  app.add_option("--description", o->description, "For people");
  app.add_option("-l,--label", o->labels, "key=value; may be repeated")->allow_extra_args(false);
  app.add_flag("--no-verify", o->no_verify, "Store the credential without trying it");
  app.allow_extras();  // the auth method's fields
  return o;
}

}  // namespace

void AddConnectorCommands(CLI::App& app, Session& session) {
  CLI::App* group =
      AddCommand(app, session, "service-connector", "Credentials that the daemon holds");
  group->require_subcommand(1);

  CLI::App* add =
      AddCommand(*group, session, "register",
                 "Store a credential (its fields: --name=value, =@file, =-, =env:NAME)");
  const auto fields = AddFields(*add);
  add->add_option("-t,--type", fields->type, "A type of 'list-types'")->required();
  add->get_option("--auth-method")->required();
  add->callback([&session, fields] {
    session.command = [&session, fields] { return Register(session, *fields); };
  });
  CLI::App* change = AddCommand(*group, session, "update", "Change what is given, keep the rest");
  const auto changes = AddFields(*change);
  change->callback([&session, changes] {
    session.command = [&session, changes] { return Update(session, *changes); };
  });
  AddCommand(*group, session, "list", "All connectors")->callback([&session] {
    session.command = [&session] { return List(session); };
  });
  AddCommand(*group, session, "list-types", "Types and auth methods of the loaded flavors")
      ->callback([&session] { session.command = [&session] { return ListTypes(session); }; });
  AddNamed(*group, session, "describe", "One connector, without its secrets",
           [](const Session& s, const std::string& name) {
             v1::GetServiceConnectorRequest request;
             request.set_name(name);
             const auto got =
                 s.Connect().Call(&ServiceConnectors::Stub::GetServiceConnector, request);
             return got.ok() ? s.Show(*got, Describe(*got)) : s.Fail(got.status());
           });
  AddNamed(*group, session, "delete", "Forget a connector",
           [](const Session& s, const std::string& name) {
             v1::DeleteServiceConnectorRequest request;
             request.set_name(name);
             request.set_request_id(NewUuid());
             const auto done =
                 s.Connect().Call(&ServiceConnectors::Stub::DeleteServiceConnector, request);
             return done.ok() ? s.Show(*done, fmt::format("Deleted {}\n", name))
                              : s.Fail(done.status());
           });
  AddNamed(*group, session, "verify", "Try the credential now", Verify);
}

}  // namespace gantry::cli

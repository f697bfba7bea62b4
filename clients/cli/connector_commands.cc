// gantry service-connector …
#include "clients/cli/connector_commands.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "base/status.h"
#include "clients/cli/config_struct.h"
#include "clients/cli/key_values.h"
#include "clients/cli/local_login.h"
#include "clients/cli/resource_commands.h"
#include "clients/cli/standard_input.h"
#include "clients/cli/zenml_options.h"

namespace gantry::cli {
namespace {

using google::protobuf::util::TimeUtil;
using v1::ConnectorVerification;
using v1::ServiceConnectors;

struct ConnectorOptions {
  std::string name, type, auth_method, description, expires_at, resource_id;
  std::optional<int64_t> skew_tolerance, expiration;
  std::vector<std::string> labels, removed;
  bool no_verify = false, auto_configure = false;
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
  Rows rows = {{"Name", c.name()}, {"Type", c.type()}, {"Auth method", c.auth_method()}};
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
  if (!c.resource_id().empty()) rows.push_back({"Used for", c.resource_id() + " alone"});
  if (c.has_expire_time()) {
    rows.push_back({"Expires", fmt::format("{}, and counts as ended {} s before",
                                           TimeUtil::ToString(c.expire_time()),
                                           c.expires_skew_tolerance().seconds())});
  }
  return Table(rows);
}

using Fields = std::map<std::string, std::string>;

// The fields of the connector's config that the command line gives.
absl::StatusOr<Fields> ReadFields(const Session& session, const ConnectorOptions& o) {
  GANTRY_ASSIGN_OR_RETURN(const auto free, WithoutZenmlConnectorOptions(o.command->remaining()));
  GANTRY_ASSIGN_OR_RETURN(Fields fields, ParseKeyValues(free, StandardInput(session.stop)));
  if (o.expiration) fields["duration_seconds"] = std::to_string(*o.expiration);
  return fields;
}

absl::Status Apply(const ConnectorOptions& o, const Fields& fields,
                   v1::ServiceConnector& connector) {
  connector.set_name(o.name);
  if (!o.type.empty()) connector.set_type(o.type);
  if (!o.auth_method.empty()) connector.set_auth_method(o.auth_method);
  if (!o.description.empty()) connector.set_description(o.description);
  GANTRY_ASSIGN_OR_RETURN(const auto labels, ParseLabels(o.labels));
  for (const auto& [key, value] : labels) (*connector.mutable_labels())[key] = value;
  if (!o.expires_at.empty() &&
      !TimeUtil::FromString(o.expires_at, connector.mutable_expire_time())) {
    return InvalidArgument(reason::kInvalidArgument, "--expires-at {} is no time", o.expires_at)
        .Remedy("write it as 2026-11-23T12:00:00Z");
  }
  if (o.skew_tolerance) {
    connector.mutable_expires_skew_tolerance()->set_seconds(*o.skew_tolerance);
  }
  if (!o.resource_id.empty()) connector.set_resource_id(o.resource_id);
  AddFields(fields, *connector.mutable_config());
  return absl::OkStatus();
}

ExitCode ShowStored(const Session& session, const v1::ServiceConnector& connector,
                    std::string_view verb) {
  if (connector.verification().state() == ConnectorVerification::STATE_UNREACHABLE) {
    PrintWarning("the credential could not be tried: " + connector.verification().message());
  }
  PrintWarnings(connector);
  return session.Show(
      connector,
      fmt::format("{} {} ({}, {}): credential {}\n", verb, connector.name(), connector.type(),
                  connector.auth_method(), Word(connector.verification().state())));
}

// Other users of the machine can see a command's arguments.
void HintAtSecretsInArguments(const v1::ServiceConnector& connector, const CLI::App& command) {
  const std::set<std::string> literal = LiteralFields(command.remaining());
  for (const std::string& field : connector.secret_fields()) {
    if (!literal.contains(field)) continue;
    std::cerr << fmt::format(
        "hint: --{0}=@file, --{0}=- or --{0}=env:NAME keeps it out of the process list\n", field);
  }
}

// Fills in what the cloud's own tools have left on this machine.  A field that only says where to
// look for it leaves `fields`.
absl::Status AutoConfigure(const Session& session, const ConnectorOptions& o, Fields& fields,
                           v1::ServiceConnector& connector) {
  const SystemClock clock;
  CallContext call(clock, std::chrono::seconds(30), "auto-configure");
  const std::stop_callback stop(session.stop, [&call] { call.RequestStop(); });
  LocalLoginQuery query{o.type, o.auth_method, "", ""};
  if (const auto it = fields.find("role_arn"); it != fields.end()) query.role_arn = it->second;
  if (const auto it = fields.find("profile_name"); it != fields.end()) query.profile = it->second;
  GANTRY_ASSIGN_OR_RETURN(const LocalLogin login,
                          FindLocalLogin(call, Environment::OfProcess(), query));
  if (!login.fields.contains("profile_name")) fields.erase("profile_name");
  connector.set_auth_method(login.auth_method);
  AddFields(login.fields, *connector.mutable_config());
  if (login.expires) {
    *connector.mutable_expire_time() = TimeUtil::TimeTToTimestamp(WallTime::clock::to_time_t(
        std::chrono::time_point_cast<WallTime::duration>(*login.expires)));
  }
  return absl::OkStatus();
}

Outcome Register(const Session& session, const ConnectorOptions& options) {
  v1::CreateServiceConnectorRequest request;
  request.set_request_id(NewUuid());
  request.set_skip_verification(options.no_verify);
  GANTRY_ASSIGN_OR_RETURN(Fields fields, ReadFields(session, options));
  if (options.auto_configure) {
    GANTRY_RETURN_IF_ERROR(AutoConfigure(session, options, fields, *request.mutable_connector()));
  } else if (options.auth_method.empty()) {
    return InvalidArgument(reason::kInvalidArgument, "--auth-method is required")
        .Remedy("see 'gantry service-connector list-types', or give --auto-configure");
  }
  GANTRY_RETURN_IF_ERROR(Apply(options, fields, *request.mutable_connector()));
  GANTRY_ASSIGN_OR_RETURN(
      const auto made,
      session.Connect().Call(&ServiceConnectors::Stub::CreateServiceConnector, request));
  HintAtSecretsInArguments(made, *options.command);
  return ShowStored(session, made, "Registered");
}

// Takes attributes away: the connector's own, or fields of its config, secret ones too.
absl::Status TakeAway(const std::vector<std::string>& attributes, v1::ServiceConnector& connector) {
  const auto is_set = [&](const std::string& field) {
    const auto& secrets = connector.secret_fields();
    return connector.config().fields().contains(field) ||
           std::find(secrets.begin(), secrets.end(), field) != secrets.end();
  };
  for (std::string attribute : attributes) {
    if (attribute == "expiration_seconds") attribute = "duration_seconds";
    if (attribute == "resource_type") continue;  // there is but one
    if (attribute == "description") {
      connector.clear_description();
    } else if (attribute == "labels") {
      connector.clear_labels();
    } else if (attribute == "expires_at") {
      connector.clear_expire_time();
    } else if (attribute == "expires_skew_tolerance") {
      connector.clear_expires_skew_tolerance();
    } else if (attribute == "resource_id") {
      connector.clear_resource_id();
    } else if (is_set(attribute)) {
      (*connector.mutable_config()->mutable_fields())[attribute].set_null_value(
          google::protobuf::NULL_VALUE);
    } else {
      return InvalidArgument(reason::kInvalidArgument, "connector {} has no '{}' to remove",
                             connector.name(), attribute)
          .Remedy("see what it has: gantry service-connector describe {}", connector.name());
    }
  }
  return absl::OkStatus();
}

Outcome Update(const Session& session, const ConnectorOptions& options) {
  const client::Client client = session.Connect();
  v1::GetServiceConnectorRequest get;
  get.set_name(options.name);
  v1::UpdateServiceConnectorRequest request;
  request.set_request_id(NewUuid());
  request.set_skip_verification(options.no_verify);
  GANTRY_ASSIGN_OR_RETURN(*request.mutable_connector(),
                          client.Call(&ServiceConnectors::Stub::GetServiceConnector, get));
  GANTRY_RETURN_IF_ERROR(TakeAway(options.removed, *request.mutable_connector()));
  GANTRY_ASSIGN_OR_RETURN(const Fields fields, ReadFields(session, options));
  GANTRY_RETURN_IF_ERROR(Apply(options, fields, *request.mutable_connector()));
  GANTRY_ASSIGN_OR_RETURN(const auto updated,
                          client.Call(&ServiceConnectors::Stub::UpdateServiceConnector, request));
  HintAtSecretsInArguments(updated, *options.command);
  return ShowStored(session, updated, "Updated");
}

std::string TableOf(const v1::ListServiceConnectorsResponse& all) {
  Rows rows = {{"NAME", "TYPE", "AUTH METHOD", "CREDENTIAL", "LABELS"}};
  for (const v1::ServiceConnector& c : all.connectors()) {
    rows.push_back({c.name(), c.type(), c.auth_method(), Word(c.verification().state()),
                    LabelText(c.labels())});
  }
  return Table(rows);
}

Outcome Verify(const Session& session, const std::string& name) {
  v1::VerifyServiceConnectorRequest request;
  request.set_name(name);
  GANTRY_ASSIGN_OR_RETURN(
      const auto answer,
      session.Connect(120).Call(&ServiceConnectors::Stub::VerifyServiceConnector, request));
  Rows rows;
  ExitCode code = kOk;
  for (const ConnectorVerification& v : answer.verifications()) {
    rows.push_back({v.registry_host(), Word(v.state()), v.message()});
    if (v.state() == ConnectorVerification::STATE_REJECTED) code = kAuth;
    if (v.state() == ConnectorVerification::STATE_UNREACHABLE && code == kOk) code = kUnavailable;
  }
  session.Show(answer, Table(rows));
  return code;
}

std::shared_ptr<ConnectorOptions> AddFields(CLI::App& app, const char* name_kind) {
  auto o = std::make_shared<ConnectorOptions>();
  o->command = &app;
  app.add_option("NAME", o->name, "Name of the connector")->required()->type_name(name_kind);
  app.add_option("-a,--auth-method", o->auth_method, "How to log in")->type_name(kind::kAuthMethod);
  app.add_option("--description", o->description, "For people")->type_name(kind::kText);
  app.add_option("-l,--label", o->labels, "May be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  app.add_option("--expires-at,--expires_at", o->expires_at, "When a fixed token ends")
      ->type_name("TIME");
  app.add_option("--expires-skew-tolerance,--expires_skew_tolerance", o->skew_tolerance,
                 "Seconds before --expires-at from which it counts as ended; 300 unless given")
      ->type_name("SECONDS");
  app.add_option("--expiration-seconds,--expiration_seconds", o->expiration,
                 "How long sessions or tokens live that are made with it: the field duration_seconds")
      ->type_name("SECONDS");
  app.add_option("--resource-id,--resource_id", o->resource_id,
                 "The one registry that it may be used for, by its URI")
      ->type_name("URI");
  AddResourceType(app);
  app.add_flag("--no-verify", o->no_verify, "Store the credential without trying it");
  app.allow_extras();  // the auth method's fields
  return o;
}

}  // namespace

void AddConnectorCommands(CLI::App& app, Session& session) {
  CLI::App* group =
      AddGroup(app, session, "service-connector", "Credentials that the daemon holds");

  CLI::App* add =
      AddCommand(*group, session, "register",
                 "Store a credential (its fields: --name=value, =@file, =-, =env:NAME)");
  const auto fields = AddFields(*add, kind::kNewName);
  add->add_option("-t,--type", fields->type, "See 'list-types'")
      ->required()
      ->type_name(kind::kConnectorType);
  add->add_flag("--auto-configure", fields->auto_configure,
                "Take what the cloud's own tools have left on this machine");
  Runs(*add, session, fields, Register);

  CLI::App* change = AddCommand(*group, session, "update", "Change what is given, keep the rest");
  const auto changed = AddFields(*change, kind::kConnector);
  change->add_option("--remove-attr", changed->removed, "Take a field away; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FIELD");
  Runs(*change, session, changed, Update);

  AddList(*group, session, "list", "All connectors",
          &ServiceConnectors::Stub::ListServiceConnectors, TableOf);
  AddConnectorTypeCommands(*group, session);
  AddDescribe(*group, session, "One connector, without its secrets", kind::kConnector,
              &ServiceConnectors::Stub::GetServiceConnector, Describe);
  AddDelete(*group, session, "Forget a connector", kind::kConnector,
            &ServiceConnectors::Stub::DeleteServiceConnector);
  AddNamed(*group, session, "verify", "Try the credential now", kind::kConnector, Verify);
  AddConnectorResourceCommands(*group, session);
}

}  // namespace gantry::cli

// gantry container-registry …
#include <fmt/format.h>

#include "clients/cli/config_struct.h"
#include "clients/cli/key_values.h"
#include "clients/cli/registry_change.h"
#include "clients/cli/resource_commands.h"
#include "clients/cli/standard_input.h"
#include "clients/cli/zenml_options.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

// The options of register and update, as they were given.
struct RegistryOptions {
  std::string name, flavor, uri, connector, default_repository, ca_file, certificate_file, key_file;
  std::vector<std::string> labels;
  bool plain_http = false, skip_tls_verify = false;
  CLI::App* command = nullptr;  // knows which options were given, and the free fields
};

bool Given(const RegistryOptions& o, const std::string& option) {
  return o.command->get_option(option)->count() > 0;
}

// Puts what was given over what is there.
absl::Status Apply(const RegistryOptions& o, const ReadInput& input, v1::Registry& registry) {
  registry.set_name(o.name);
  if (!o.flavor.empty()) registry.set_flavor(o.flavor);
  if (Given(o, "--uri")) registry.set_uri(o.uri);
  if (Given(o, "--connector")) registry.set_connector(o.connector);
  if (Given(o, "--default_repository")) registry.set_default_repository(o.default_repository);
  v1::Transport& transport = *registry.mutable_transport();
  if (Given(o, "--ca-file")) {
    GANTRY_ASSIGN_OR_RETURN(std::string pem, ResolveValue("@" + o.ca_file, input));
    transport.set_ca_certificate(pem + "\n");
  }
  if (Given(o, "--client-certificate")) {
    GANTRY_ASSIGN_OR_RETURN(const std::string pem, ResolveValue("@" + o.certificate_file, input));
    transport.set_client_certificate(pem + "\n");
  }
  if (Given(o, "--client-key")) {
    GANTRY_ASSIGN_OR_RETURN(const std::string pem, ResolveValue("@" + o.key_file, input));
    transport.set_client_key(pem + "\n");
  }
  if (Given(o, "--insecure-http")) transport.set_plain_http(o.plain_http);
  if (Given(o, "--skip-tls-verify")) transport.set_skip_tls_verify(o.skip_tls_verify);
  GANTRY_ASSIGN_OR_RETURN(const auto labels, ParseLabels(o.labels));
  for (const auto& [key, value] : labels) (*registry.mutable_labels())[key] = value;
  GANTRY_ASSIGN_OR_RETURN(const auto free, WithoutZenmlRegistryOptions(o.command->remaining()));
  GANTRY_ASSIGN_OR_RETURN(const auto fields, ParseKeyValues(free, input));
  AddFields(fields, *registry.mutable_config());
  return absl::OkStatus();
}

std::string Describe(const v1::Registry& r) {
  Rows rows = {
      {"Name", r.name()},
      {"Flavor", r.flavor()},
      {"URI", r.uri()},
      {"Connector", r.connector().empty() ? "(the daemon's own docker login)" : r.connector()}};
  if (!r.default_repository().empty()) rows.push_back({"Repository", r.default_repository()});
  if (!r.labels().empty()) rows.push_back({"Labels", LabelText(r.labels())});
  if (r.transport().plain_http()) rows.push_back({"Transport", "plain HTTP"});
  if (r.transport().skip_tls_verify()) rows.push_back({"Transport", "any TLS certificate"});
  if (!r.transport().ca_certificate().empty()) rows.push_back({"Transport", "private CA"});
  if (!r.transport().client_certificate().empty()) {
    rows.push_back({"Transport", "client certificate"});
  }
  return Table(rows);
}

Outcome Register(const Session& session, const RegistryOptions& options) {
  v1::CreateRegistryRequest request;
  request.set_request_id(NewUuid());
  GANTRY_RETURN_IF_ERROR(Apply(options, StandardInput(session.stop), *request.mutable_registry()));
  GANTRY_ASSIGN_OR_RETURN(
      const auto made, session.Connect().Call(&ContainerRegistry::Stub::CreateRegistry, request));
  PrintWarnings(made);
  return session.Show(
      made, fmt::format("Registered {} ({}) at {}\n", made.name(), made.flavor(), made.uri()));
}

Outcome Update(const Session& session, const RegistryOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const auto updated,
                          ChangeRegistry(session, options.name, [&](v1::Registry& registry) {
                            return Apply(options, StandardInput(session.stop), registry);
                          }));
  return session.Show(updated, Describe(updated));
}

std::string TableOf(const v1::ListRegistriesResponse& all) {
  Rows rows = {{"NAME", "FLAVOR", "URI", "CONNECTOR", "LABELS"}};
  for (const v1::Registry& r : all.registries()) {
    rows.push_back({r.name(), r.flavor(), r.uri(), r.connector().empty() ? "-" : r.connector(),
                    LabelText(r.labels())});
  }
  return Table(rows);
}

const char* Word(v1::DiagnosticCheck::Outcome outcome) {
  switch (outcome) {
    case v1::DiagnosticCheck::OUTCOME_PASSED:
      return "ok";
    case v1::DiagnosticCheck::OUTCOME_WARNING:
      return "warning";
    case v1::DiagnosticCheck::OUTCOME_FAILED:
      return "FAILED";
    default:
      return "skipped";
  }
}

struct VerifyOptions {
  std::string name, repository;
};

Outcome Verify(const Session& session, const VerifyOptions& options) {
  v1::DiagnoseRegistryRequest request;
  request.set_name(options.name);
  request.set_repository(options.repository);
  GANTRY_ASSIGN_OR_RETURN(
      const auto answer,
      session.Connect(120).Call(&ContainerRegistry::Stub::DiagnoseRegistry, request));
  Rows rows;
  for (const v1::DiagnosticCheck& check : answer.checks()) {
    rows.push_back({Word(check.outcome()), check.name(), check.message()});
    if (!check.remedy().empty()) rows.push_back({"", "", "what to do: " + check.remedy()});
  }
  session.Show(answer, Table(rows));
  return answer.healthy() ? kOk : kUnhealthy;
}

std::shared_ptr<RegistryOptions> AddFields(CLI::App& app, const char* name_kind) {
  auto o = std::make_shared<RegistryOptions>();
  o->command = &app;
  app.add_option("NAME", o->name, "Name of the registry")->required()->type_name(name_kind);
  app.add_option("--uri", o->uri, "Host and path, such as docker.io/myusername")->type_name("URI");
  app.add_option("-c,--connector", o->connector, "Service connector to log in with")
      ->type_name(kind::kConnector);
  app.add_option("--default_repository,--default-repository", o->default_repository,
                 "Repository for pushes that name none")
      ->type_name("PATH");
  app.add_option("-l,--label", o->labels, "May be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  app.add_option("--ca-file", o->ca_file, "PEM certificates to trust for this host")
      ->type_name(kind::kFile);
  app.add_option("--client-certificate", o->certificate_file,
                 "PEM certificate to show to this host")
      ->type_name(kind::kFile);
  app.add_option("--client-key", o->key_file, "PEM private key of that certificate")
      ->type_name(kind::kFile);
  app.add_flag("--insecure-http,!--no-insecure-http", o->plain_http, "Use plain HTTP");
  app.add_flag("--skip-tls-verify,!--no-skip-tls-verify", o->skip_tls_verify,
               "Accept any TLS certificate");
  app.allow_extras();  // the flavor's own fields
  return o;
}

}  // namespace

void AddRegistryCommands(CLI::App& app, Session& session) {
  CLI::App* group =
      AddGroup(app, session, "container-registry", "Configured destinations for images");

  CLI::App* add = AddCommand(*group, session, "register",
                             "Add a destination (the flavor's own fields: --name=value)");
  const auto fields = AddFields(*add, kind::kNewName);
  add->add_option("-f,--flavor", fields->flavor, "How to talk to it; else by the URI's host")
      ->type_name(kind::kFlavor);
  add->get_option("--uri")->required();
  Runs(*add, session, fields, Register);

  CLI::App* change = AddCommand(*group, session, "update", "Change what is given, keep the rest");
  Runs(*change, session, AddFields(*change, kind::kRegistry), Update);

  AddList(*group, session, "list", "All destinations", &ContainerRegistry::Stub::ListRegistries,
          TableOf);
  AddDescribe(*group, session, "One destination", kind::kRegistry,
              &ContainerRegistry::Stub::GetRegistry, Describe);
  AddRegistryChangeCommands(*group, session);
  AddDelete(*group, session, "Forget a destination; its images stay", kind::kRegistry,
            &ContainerRegistry::Stub::DeleteRegistry);

  CLI::App* verify =
      AddCommand(*group, session, "verify", "Check, step by step, all that a push needs");
  const auto options = std::make_shared<VerifyOptions>();
  verify->add_option("NAME", options->name, "The registry")->required()->type_name(kind::kRegistry);
  verify->add_option("--repository", options->repository, "Repository whose rights are checked")
      ->type_name("PATH");
  Runs(*verify, session, options, Verify);
}

}  // namespace gantry::cli

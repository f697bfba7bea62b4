// gantry container-registry …
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/uuid.h"
#include "clients/cli/config_struct.h"
#include "clients/cli/key_values.h"
#include "clients/cli/session.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

// The options of register and update, as they were given.
struct RegistryOptions {
  std::string name, flavor, uri, connector, default_repository, ca_file;
  std::vector<std::string> labels;
  bool plain_http = false, skip_tls_verify = false;
  CLI::App* command = nullptr;  // knows which options were given, and the free fields
};

bool Given(const RegistryOptions& o, const std::string& option) {
  return o.command->get_option(option)->count() > 0;
}

// Puts what was given over what is there.
absl::Status Apply(const RegistryOptions& o, v1::Registry& registry) {
  registry.set_name(o.name);
  if (!o.flavor.empty()) registry.set_flavor(o.flavor);
  if (Given(o, "--uri")) registry.set_uri(o.uri);
  if (Given(o, "--connector")) registry.set_connector(o.connector);
  if (Given(o, "--default_repository")) registry.set_default_repository(o.default_repository);
  v1::Transport& transport = *registry.mutable_transport();
  if (Given(o, "--ca-file")) {
    GANTRY_ASSIGN_OR_RETURN(std::string pem, ResolveValue("@" + o.ca_file, std::cin));
    transport.set_ca_certificate(pem + "\n");
  }
  if (Given(o, "--insecure-http")) transport.set_plain_http(o.plain_http);
  if (Given(o, "--skip-tls-verify")) transport.set_skip_tls_verify(o.skip_tls_verify);
  GANTRY_ASSIGN_OR_RETURN(const auto labels, ParseLabels(o.labels));
  for (const auto& [key, value] : labels) (*registry.mutable_labels())[key] = value;
  GANTRY_ASSIGN_OR_RETURN(const auto fields, ParseKeyValues(o.command->remaining(), std::cin));
  AddFields(fields, *registry.mutable_config());
  return absl::OkStatus();
}

std::string Describe(const v1::Registry& r) {
  std::vector<std::vector<std::string>> rows = {
      {"Name", r.name()},
      {"Flavor", r.flavor()},
      {"URI", r.uri()},
      {"Connector", r.connector().empty() ? "(the daemon's own docker login)" : r.connector()}};
  if (!r.default_repository().empty()) rows.push_back({"Repository", r.default_repository()});
  if (!r.labels().empty()) rows.push_back({"Labels", LabelText(r.labels())});
  if (r.transport().plain_http()) rows.push_back({"Transport", "plain HTTP"});
  if (r.transport().skip_tls_verify()) rows.push_back({"Transport", "any TLS certificate"});
  if (!r.transport().ca_certificate().empty()) rows.push_back({"Transport", "private CA"});
  return Table(rows);
}

ExitCode Register(const Session& session, const RegistryOptions& options) {
  v1::CreateRegistryRequest request;
  request.set_request_id(NewUuid());
  if (const auto s = Apply(options, *request.mutable_registry()); !s.ok()) return session.Fail(s);
  const auto made = session.Connect().Call(&ContainerRegistry::Stub::CreateRegistry, request);
  if (!made.ok()) return session.Fail(made.status());
  return session.Show(
      *made, fmt::format("Registered {} ({}) at {}\n", made->name(), made->flavor(), made->uri()));
}

ExitCode Update(const Session& session, const RegistryOptions& options) {
  const client::Client client = session.Connect();
  v1::GetRegistryRequest get;
  get.set_name(options.name);
  auto current = client.Call(&ContainerRegistry::Stub::GetRegistry, get);
  if (!current.ok()) return session.Fail(current.status());
  v1::UpdateRegistryRequest request;
  request.set_request_id(NewUuid());
  *request.mutable_registry() = *std::move(current);
  if (const auto s = Apply(options, *request.mutable_registry()); !s.ok()) return session.Fail(s);
  const auto updated = client.Call(&ContainerRegistry::Stub::UpdateRegistry, request);
  if (!updated.ok()) return session.Fail(updated.status());
  return session.Show(*updated, Describe(*updated));
}

ExitCode List(const Session& session) {
  const client::Client client = session.Connect();
  v1::ListRegistriesResponse all;
  v1::ListRegistriesRequest request;
  do {
    auto page = client.Call(&ContainerRegistry::Stub::ListRegistries, request);
    if (!page.ok()) return session.Fail(page.status());
    all.mutable_registries()->MergeFrom(page->registries());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  std::vector<std::vector<std::string>> rows = {{"NAME", "FLAVOR", "URI", "CONNECTOR", "LABELS"}};
  for (const v1::Registry& r : all.registries()) {
    rows.push_back({r.name(), r.flavor(), r.uri(), r.connector().empty() ? "-" : r.connector(),
                    LabelText(r.labels())});
  }
  return session.Show(all, Table(rows));
}

ExitCode Verify(const Session& session, const std::string& name, const std::string& repository) {
  v1::DiagnoseRegistryRequest request;
  request.set_name(name);
  request.set_repository(repository);
  const auto answer =
      session.Connect(120).Call(&ContainerRegistry::Stub::DiagnoseRegistry, request);
  if (!answer.ok()) return session.Fail(answer.status());
  std::string human;
  for (const v1::DiagnosticCheck& check : answer->checks()) {
    const char* mark = check.outcome() == v1::DiagnosticCheck::OUTCOME_PASSED    ? "ok     "
                       : check.outcome() == v1::DiagnosticCheck::OUTCOME_WARNING ? "warning"
                       : check.outcome() == v1::DiagnosticCheck::OUTCOME_FAILED  ? "FAILED "
                                                                                 : "skipped";
    human += fmt::format("{}  {:<12}  {}\n", mark, check.name(), check.message());
    if (!check.remedy().empty()) human += fmt::format("{:23}what to do: {}\n", "", check.remedy());
  }
  session.Show(*answer, human);
  return answer->healthy() ? kOk : kUnhealthy;
}

std::shared_ptr<RegistryOptions> AddFields(CLI::App& app) {
  auto o = std::make_shared<RegistryOptions>();
  o->command = &app;
  app.add_option("NAME", o->name, "Name of the registry")->required();
  app.add_option("--uri", o->uri, "Host and path, such as docker.io/myusername");
  app.add_option("-c,--connector", o->connector, "Service connector to log in with");
  app.add_option("--default_repository,--default-repository", o->default_repository,
                 "Repository for pushes that name none");
  app.add_option("-l,--label", o->labels, "key=value; may be repeated")->allow_extra_args(false);
  app.add_option("--ca-file", o->ca_file, "PEM file of certificates to trust for this host");
  app.add_flag("--insecure-http,!--no-insecure-http", o->plain_http, "Use plain HTTP");
  app.add_flag("--skip-tls-verify,!--no-skip-tls-verify", o->skip_tls_verify,
               "Accept any TLS certificate");
  app.allow_extras();  // the flavor's own fields
  return o;
}

}  // namespace

void AddRegistryCommands(CLI::App& app, Session& session) {
  CLI::App* group =
      AddCommand(app, session, "container-registry", "Configured destinations for images");
  group->require_subcommand(1);

  CLI::App* add =
      AddCommand(*group, session, "register", "Add a destination (further fields: --name=value)");
  const auto fields = AddFields(*add);
  add->add_option("-f,--flavor", fields->flavor, "A name of 'gantry flavor list'")->required();
  add->get_option("--uri")->required();
  add->callback([&session, fields] {
    session.command = [&session, fields] { return Register(session, *fields); };
  });

  CLI::App* change = AddCommand(*group, session, "update", "Change what is given, keep the rest");
  const auto changes = AddFields(*change);
  change->callback([&session, changes] {
    session.command = [&session, changes] { return Update(session, *changes); };
  });

  AddCommand(*group, session, "list", "All destinations")->callback([&session] {
    session.command = [&session] { return List(session); };
  });
  AddNamed(*group, session, "describe", "One destination",
           [](const Session& s, const std::string& name) {
             v1::GetRegistryRequest request;
             request.set_name(name);
             const auto got = s.Connect().Call(&ContainerRegistry::Stub::GetRegistry, request);
             return got.ok() ? s.Show(*got, Describe(*got)) : s.Fail(got.status());
           });
  AddNamed(*group, session, "delete", "Forget a destination; its images stay",
           [](const Session& s, const std::string& name) {
             v1::DeleteRegistryRequest request;
             request.set_name(name);
             request.set_request_id(NewUuid());
             const auto done = s.Connect().Call(&ContainerRegistry::Stub::DeleteRegistry, request);
             return done.ok() ? s.Show(*done, fmt::format("Deleted {}\n", name))
                              : s.Fail(done.status());
           });

  CLI::App* verify =
      AddCommand(*group, session, "verify", "Check, step by step, all that a push needs");
  const auto name = std::make_shared<std::string>();
  const auto repository = std::make_shared<std::string>();
  verify->add_option("NAME", *name, "The registry")->required();
  verify->add_option("--repository", *repository, "Repository to try the push right on");
  verify->callback([&session, name, repository] {
    session.command = [&session, name, repository] { return Verify(session, *name, *repository); };
  });
}

}  // namespace gantry::cli

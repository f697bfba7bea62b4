// gantry service-connector list-resources
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/status.h"
#include "clients/cli/connector_commands.h"
#include "clients/cli/resource_commands.h"
#include "clients/cli/value_kind.h"
#include "clients/cli/zenml_options.h"
#include "oci/reference.h"

namespace gantry::cli {
namespace {

using nlohmann::json;
using v1::ServiceConnectors;

struct ResourceOptions {
  std::string name, connector_type, resource_id;
  bool exclude_errors = false;
};

// What one connector reaches, or why that is not known.
struct Reach {
  std::string connector;
  absl::StatusOr<v1::ListConnectorResourcesResponse> answer;
};

// Keeps the registries that hold what was asked for, or lie within it.
void Narrow(const std::string& resource_id, v1::ListConnectorResourcesResponse& answer) {
  const auto wanted = RegistryUri::Parse(resource_id);
  if (resource_id.empty()) return;
  auto& list = *answer.mutable_resources();
  const auto other = [&](const v1::ConnectorResource& resource) {
    const auto uri = RegistryUri::Parse(resource.uri());
    if (!uri.ok() || !wanted.ok()) return resource.uri() != resource_id;
    return !wanted->Owns(uri->host(), uri->Repository("any")) &&
           !uri->Owns(wanted->host(), wanted->Repository("any"));
  };
  list.erase(std::remove_if(list.begin(), list.end(), other), list.end());
}

absl::StatusOr<v1::ListConnectorResourcesResponse> Ask(const client::Client& client,
                                                       const std::string& connector,
                                                       const ResourceOptions& options) {
  v1::ListConnectorResourcesRequest request;
  request.set_name(connector);
  GANTRY_ASSIGN_OR_RETURN(
      auto answer, client.CallAll(&ServiceConnectors::Stub::ListConnectorResources, request));
  Narrow(options.resource_id, answer);
  return answer;
}

Outcome OfOne(const Session& session, const ResourceOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const auto answer, Ask(session.Connect(120), options.name, options));
  PrintWarnings(answer);
  Rows rows = {{"URI", "DESCRIPTION"}};
  for (const auto& resource : answer.resources()) {
    rows.push_back({resource.uri(), resource.description()});
  }
  return session.Show(answer, Table(rows));
}

std::string TableOf(const std::vector<Reach>& all) {
  Rows rows = {{"CONNECTOR", "URI", "DESCRIPTION"}};
  for (const Reach& reach : all) {
    if (!reach.answer.ok()) {
      rows.push_back(
          {reach.connector, "-", "not known: " + std::string(MessageOf(reach.answer.status()))});
      continue;
    }
    for (const auto& resource : reach.answer->resources()) {
      rows.push_back({reach.connector, resource.uri(), resource.description()});
    }
  }
  return Table(rows);
}

std::string JsonOf(const std::vector<Reach>& all) {
  json connectors = json::array();
  for (const Reach& reach : all) {
    json entry = {{"connector", reach.connector}, {"resources", json::array()}, {"error", ""}};
    if (!reach.answer.ok()) {
      entry["error"] = ScrubUtf8(MessageOf(reach.answer.status()));
    } else {
      for (const auto& resource : reach.answer->resources()) {
        entry["resources"].push_back(
            {{"uri", resource.uri()}, {"description", resource.description()}});
      }
    }
    connectors.push_back(std::move(entry));
  }
  return json{{"connectors", std::move(connectors)}}.dump(1) + "\n";
}

// One connector that cannot tell does not hide what the others reach.
Outcome OfAll(const Session& session, const ResourceOptions& options) {
  const client::Client client = session.Connect(120);
  GANTRY_ASSIGN_OR_RETURN(const auto connectors,
                          client.CallAll(&ServiceConnectors::Stub::ListServiceConnectors,
                                         v1::ListServiceConnectorsRequest()));
  std::vector<Reach> all;
  for (const v1::ServiceConnector& connector : connectors.connectors()) {
    if (!options.connector_type.empty() && connector.type() != options.connector_type) continue;
    Reach reach{connector.name(), Ask(client, connector.name(), options)};
    if (options.exclude_errors && !reach.answer.ok()) continue;
    if (reach.answer.ok()) PrintWarnings(*reach.answer, reach.connector + ": ");
    all.push_back(std::move(reach));
  }
  std::cout << (session.format() == Format::kJson ? JsonOf(all) : TableOf(all));
  return kOk;
}

Outcome ListResources(const Session& session, const ResourceOptions& options) {
  return options.name.empty() ? OfAll(session, options) : OfOne(session, options);
}

}  // namespace

void AddConnectorResourceCommands(CLI::App& group, Session& session) {
  CLI::App* list = AddCommand(group, session, "list-resources",
                              "Registries that a connector reaches, or each of them");
  const auto o = std::make_shared<ResourceOptions>();
  auto* name = list->add_option("NAME", o->name, "Its name; without it, all connectors")
                   ->type_name(kind::kConnector);
  list->add_option("-c,--connector-type", o->connector_type, "Connectors of this type alone")
      ->type_name(kind::kConnectorType)
      ->excludes(name);
  list->add_option("--resource-id,--resource_id", o->resource_id,
                   "Only what holds this registry, or lies within it")
      ->type_name("URI");
  AddResourceType(*list);
  list->add_flag("-e,--exclude-errors", o->exclude_errors,
                 "Leave out connectors that cannot tell what they reach")
      ->excludes(name);
  Runs(*list, session, o, ListResources);
}

}  // namespace gantry::cli

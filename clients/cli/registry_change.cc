#include "clients/cli/registry_change.h"

#include <fmt/format.h>

#include "base/status.h"
#include "clients/cli/resource_commands.h"

namespace gantry::cli {
namespace {

using v1::ContainerRegistry;

struct ConnectOptions {
  std::string name, connector;
};

struct RemoveOptions {
  std::string name;
  std::vector<std::string> attributes, labels;
};

std::string LinkOf(const v1::Registry& registry) {
  return registry.connector().empty()
             ? fmt::format("{} logs in with the daemon's own docker login\n", registry.name())
             : fmt::format("{} logs in with connector {}\n", registry.name(), registry.connector());
}

Outcome Connect(const Session& session, const ConnectOptions& options) {
  GANTRY_ASSIGN_OR_RETURN(const auto changed,
                          ChangeRegistry(session, options.name, [&](v1::Registry& registry) {
                            registry.set_connector(options.connector);
                            return absl::OkStatus();
                          }));
  return session.Show(changed, LinkOf(changed));
}

Error Missing(const v1::Registry& registry, std::string_view kind, const std::string& name) {
  return InvalidArgument(reason::kInvalidArgument, "registry {} has no {} '{}' to remove",
                         registry.name(), kind, name)
      .Remedy("see what it has: gantry container-registry describe {} --output json",
              registry.name());
}

// The registry's own attributes; false for another.
bool ClearOwn(const std::string& attribute, v1::Registry& registry) {
  v1::Transport& transport = *registry.mutable_transport();
  if (attribute == "connector") {
    registry.clear_connector();
  } else if (attribute == "default_repository") {
    registry.clear_default_repository();
  } else if (attribute == "labels") {
    registry.clear_labels();
  } else if (attribute == "ca_certificate") {
    transport.clear_ca_certificate();
  } else if (attribute == "client_certificate") {
    transport.clear_client_certificate();
    transport.clear_client_key();
  } else {
    return false;
  }
  return true;
}

Outcome RemoveAttribute(const Session& session, const RemoveOptions& options) {
  if (options.attributes.empty() && options.labels.empty()) {
    return InvalidArgument(reason::kInvalidArgument, "nothing to remove was named")
        .Remedy("name fields of the registry's, or labels with --label KEY");
  }
  GANTRY_ASSIGN_OR_RETURN(
      const auto changed,
      ChangeRegistry(session, options.name, [&](v1::Registry& registry) -> absl::Status {
        for (const std::string& attribute : options.attributes) {
          if (ClearOwn(attribute, registry)) continue;
          if (registry.mutable_config()->mutable_fields()->erase(attribute) == 0) {
            return Missing(registry, "field", attribute);
          }
        }
        for (const std::string& label : options.labels) {
          if (registry.mutable_labels()->erase(label) == 0)
            return Missing(registry, "label", label);
        }
        return absl::OkStatus();
      }));
  return session.Show(changed, fmt::format("Changed {}\n", changed.name()));
}

}  // namespace

absl::StatusOr<v1::Registry> ChangeRegistry(
    const Session& session, const std::string& name,
    const std::function<absl::Status(v1::Registry&)>& change) {
  const client::Client client = session.Connect();
  v1::GetRegistryRequest get;
  get.set_name(name);
  v1::UpdateRegistryRequest request;
  request.set_request_id(NewUuid());
  GANTRY_ASSIGN_OR_RETURN(*request.mutable_registry(),
                          client.Call(&ContainerRegistry::Stub::GetRegistry, get));
  GANTRY_RETURN_IF_ERROR(change(*request.mutable_registry()));
  GANTRY_ASSIGN_OR_RETURN(auto changed,
                          client.Call(&ContainerRegistry::Stub::UpdateRegistry, request));
  PrintWarnings(changed);
  return changed;
}

void AddRegistryChangeCommands(CLI::App& group, Session& session) {
  CLI::App* connect = AddCommand(group, session, "connect", "Log in with a service connector");
  const auto connected = std::make_shared<ConnectOptions>();
  connect->add_option("NAME", connected->name, "The registry")
      ->required()
      ->type_name(kind::kRegistry);
  connect->add_option("-c,--connector", connected->connector, "What to log in with")
      ->required()
      ->type_name(kind::kConnector);
  Runs(*connect, session, connected, Connect);

  AddNamed(group, session, "disconnect", "Log in with the daemon's own docker login instead",
           kind::kRegistry, [](const Session& s, const std::string& name) {
             return Connect(s, {name, ""});
           });

  CLI::App* remove = AddCommand(group, session, "remove-attribute",
                                "Take fields or labels away from a destination");
  const auto removed = std::make_shared<RemoveOptions>();
  remove->add_option("NAME", removed->name, "The registry")->required()->type_name(kind::kRegistry);
  remove
      ->add_option("FIELD", removed->attributes, "Fields, such as connector or default_repository")
      ->type_name("FIELD");
  remove->add_option("-l,--label", removed->labels, "Key of a label; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY");
  Runs(*remove, session, removed, RemoveAttribute);
}

}  // namespace gantry::cli

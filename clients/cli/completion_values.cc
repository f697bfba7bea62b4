#include "clients/cli/completion_values.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/strings.h"
#include "clients/cli/config_struct.h"
#include "clients/cli/value_kind.h"

namespace gantry::cli {
namespace {

using Words = std::vector<std::string>;
using v1::ContainerRegistry;
using v1::ServiceConnectors;

constexpr std::chrono::milliseconds kPatience{1500};

client::ClientOptions Options(const std::string& address) {
  client::ClientOptions options;
  options.address = address;
  options.timeout = kPatience;
  options.max_attempts = 1;
  return options;
}

template <class Response, class Item>
Words NamesOf(const absl::StatusOr<Response>& answer,
              const google::protobuf::RepeatedPtrField<Item>& (Response::*items)() const) {
  Words names;
  if (!answer.ok()) return names;
  for (const Item& item : ((*answer).*items)()) names.push_back(item.name());
  return names;
}

Words Sources(std::string_view begun) {
  for (const std::string_view word : {"docker-archive:", "oci-archive:", "oci:"}) {
    if (!begun.starts_with(word)) continue;
    Words found = CompletionValues::Paths(begun.substr(word.size()));
    for (std::string& path : found) path.insert(0, word);
    return found;
  }
  return {"docker-archive:", "docker-daemon:", "docker://", "oci-archive:", "oci:"};
}

}  // namespace

CompletionValues::CompletionValues(const GivenValues& given, const std::string& address)
    : given_(given),
      client_(Options(Given(kind::kAddress).empty() ? address : Given(kind::kAddress))) {}

std::string CompletionValues::Given(std::string_view kind) const {
  const auto it = given_.find(kind);
  return it == given_.end() ? "" : it->second;
}

Words CompletionValues::Of(const std::string& wanted, std::string_view begun) const {
  if (wanted == kind::kSource) return Sources(begun);
  if (wanted == kind::kFile) return Paths(begun);
  if (wanted == kind::kRegistry) {
    return NamesOf(client_.CallAll(&ContainerRegistry::Stub::ListRegistries, {}),
                   &v1::ListRegistriesResponse::registries);
  }
  if (wanted == kind::kConnector) {
    return NamesOf(client_.CallAll(&ServiceConnectors::Stub::ListServiceConnectors, {}),
                   &v1::ListServiceConnectorsResponse::connectors);
  }
  if (wanted == kind::kFlavor) {
    return NamesOf(client_.Call(&ContainerRegistry::Stub::ListFlavors, {}),
                   &v1::ListFlavorsResponse::flavors);
  }
  Words words;
  if (wanted == kind::kConnectorType) {
    for (const v1::ConnectorType& type : ConnectorTypes()) words.push_back(type.type());
  } else if (wanted == kind::kAuthMethod) {
    for (const v1::AuthMethod& method : AuthMethods("")) words.push_back(method.name());
  } else if (wanted.find('|') != wanted.npos) {
    for (const std::string_view word : Split(wanted, '|')) words.emplace_back(word);
  }
  return words;
}

Words CompletionValues::Fields() const {
  if (const std::string flavor = Given(kind::kFlavor); !flavor.empty()) {
    v1::GetFlavorRequest request;
    request.set_name(flavor);
    const auto got = client_.Call(&ContainerRegistry::Stub::GetFlavor, request);
    return got.ok() ? FieldNames(got->config_schema()) : Words{};
  }
  Words fields;
  const std::string method = Given(kind::kAuthMethod);
  if (method.empty()) return fields;
  for (const v1::AuthMethod& chosen : AuthMethods(method)) {
    for (std::string& field : FieldNames(chosen.config_schema())) {
      fields.push_back(std::move(field));
    }
  }
  return fields;
}

google::protobuf::RepeatedPtrField<v1::ConnectorType> CompletionValues::ConnectorTypes() const {
  auto answer = client_.Call(&ServiceConnectors::Stub::ListConnectorTypes, {});
  if (!answer.ok()) return {};
  return std::move(*answer->mutable_connector_types());
}

std::vector<v1::AuthMethod> CompletionValues::AuthMethods(const std::string& name) const {
  std::vector<v1::AuthMethod> chosen;
  const std::string wanted = Given(kind::kConnectorType);
  for (const v1::ConnectorType& type : ConnectorTypes()) {
    if (!wanted.empty() && type.type() != wanted) continue;
    for (const v1::AuthMethod& method : type.auth_methods()) {
      if (name.empty() || method.name() == name) chosen.push_back(method);
    }
  }
  return chosen;
}

Words CompletionValues::Paths(std::string_view begun) {
  const size_t slash = begun.rfind('/');
  const std::string shown(begun.substr(0, slash == begun.npos ? 0 : slash + 1));
  std::string directory = shown.empty() ? "." : shown;
  if (const char* home = std::getenv("HOME"); home && shown.starts_with("~/")) {
    directory = home + shown.substr(1);
  }
  Words found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    const std::string path = shown + name;
    if (!path.starts_with(begun) || (name[0] == '.' && begun == shown)) continue;
    found.push_back(entry.is_directory(error) ? path + "/" : path);
  }
  return found;
}

}  // namespace gantry::cli

#include "store/registry_table.h"

#include "base/nearest.h"
#include "base/status.h"
#include "store/connector_table.h"
#include "store/db.h"
#include "store/records.h"

namespace gantry::registry_table {
namespace {

constexpr char kColumns[] =
    "name, flavor, uri, default_repository, connector, labels, config, plain_http, skip_tls_verify, "
    "ca_certificate, client_certificate, client_key, create_time, update_time, version, request_id";

// Where a registry's key belongs: it opens in no other row and no other column.
std::string PlaceOfKey(const std::string& registry) {
  return "gantry|registry.client_key|" + registry;
}

// One row's columns as SOCI moves them.
struct Row {
  std::string name, flavor, uri, default_repository, connector, labels, config, ca_certificate,
      client_certificate, client_key, request_id;  // the key sealed
  long long plain_http = 0, skip_tls_verify = 0, create_time = 0, update_time = 0, version = 0;

  absl::StatusOr<RegistryRecord> Record(const SealingKey& key) const {
    RegistryRecord r;
    r.name = name;
    r.flavor = flavor;
    r.uri = uri;
    r.default_repository = default_repository;
    r.connector = connector;
    r.labels = LabelsFromText(labels);
    r.config_json = config;
    r.plain_http = plain_http != 0;
    r.skip_tls_verify = skip_tls_verify != 0;
    r.ca_certificate = ca_certificate;
    r.client_certificate = client_certificate;
    if (!client_key.empty()) {
      GANTRY_ASSIGN_OR_RETURN(r.client_key, key.Open(client_key, PlaceOfKey(name)));
    }
    r.create_time = FromMicros(create_time);
    r.update_time = FromMicros(update_time);
    r.version = version;
    r.request_id = request_id;
    return r;
  }
  static Row Of(const RegistryRecord& r, const SealingKey& key) {
    Row row;
    row.name = r.name;
    row.flavor = r.flavor;
    row.uri = r.uri;
    row.default_repository = r.default_repository;
    row.connector = r.connector;
    row.labels = LabelsToText(r.labels);
    row.config = r.config_json;
    row.plain_http = r.plain_http;
    row.skip_tls_verify = r.skip_tls_verify;
    row.ca_certificate = r.ca_certificate;
    row.client_certificate = r.client_certificate;
    if (!r.client_key.empty()) row.client_key = key.Seal(r.client_key, PlaceOfKey(r.name));
    row.create_time = ToMicros(r.create_time);
    row.update_time = ToMicros(r.update_time);
    row.version = r.version;
    row.request_id = r.request_id;
    return row;
  }
};

template <class Prepared>
auto IntoRow(Prepared&& prepared, Row& r) {
  return (std::forward<Prepared>(prepared), soci::into(r.name), soci::into(r.flavor),
          soci::into(r.uri), soci::into(r.default_repository), soci::into(r.connector),
          soci::into(r.labels), soci::into(r.config), soci::into(r.plain_http),
          soci::into(r.skip_tls_verify), soci::into(r.ca_certificate),
          soci::into(r.client_certificate), soci::into(r.client_key), soci::into(r.create_time),
          soci::into(r.update_time), soci::into(r.version), soci::into(r.request_id));
}

}  // namespace

absl::StatusOr<RegistryRecord> Get(soci::session& sql, const SealingKey& key,
                                   const std::string& name) {
  Row row;
  soci::statement select =
      IntoRow((sql.prepare << "SELECT " << kColumns << " FROM registry WHERE name = :name",
               soci::use(name, "name")),
              row);
  if (select.execute(true)) return row.Record(key);
  return NotFound(reason::kRegistryNotFound, "no registry is named '{}'", Excerpt(name, 100))
      .With("registry", name)
      .Remedy("{}see 'gantry container-registry list'", DidYouMean(name, NamesIn(sql, "registry")));
}

absl::StatusOr<std::vector<RegistryRecord>> List(soci::session& sql, const SealingKey& key,
                                                 const std::string& after, int limit) {
  Row row;
  std::vector<RegistryRecord> records;
  soci::statement select = IntoRow(
      (sql.prepare << "SELECT " << kColumns
                   << " FROM registry WHERE name > :after ORDER BY name LIMIT :limit",
       soci::use(after, "after"), soci::use(limit, "limit")),
      row);
  select.execute();
  while (select.fetch()) {
    GANTRY_ASSIGN_OR_RETURN(RegistryRecord record, row.Record(key));
    records.push_back(std::move(record));
  }
  return records;
}

absl::Status Insert(soci::session& sql, const SealingKey& key, const RegistryRecord& record) {
  if (Get(sql, key, record.name).ok()) {
    return AlreadyExists(reason::kRegistryExists, "a registry named '{}' exists", record.name)
        .With("registry", record.name)
        .Remedy("choose another name, or change it with 'gantry container-registry update'");
  }
  if (!record.connector.empty()) {
    GANTRY_RETURN_IF_ERROR(connector_table::CheckExists(sql, record.connector));
  }
  const Row r = Row::Of(record, key);
  sql << "INSERT INTO registry (" << kColumns
      << ") VALUES (:name, :flavor, :uri, :repository, :connector, :labels, :config, :plain, :skip,"
         " :ca, :certificate, :key, :created, :updated, :version, :request)",
      soci::use(r.name), soci::use(r.flavor), soci::use(r.uri), soci::use(r.default_repository),
      soci::use(r.connector), soci::use(r.labels), soci::use(r.config), soci::use(r.plain_http),
      soci::use(r.skip_tls_verify), soci::use(r.ca_certificate), soci::use(r.client_certificate),
      soci::use(r.client_key), soci::use(r.create_time), soci::use(r.update_time),
      soci::use(r.version), soci::use(r.request_id);
  return absl::OkStatus();
}

absl::Status Replace(soci::session& sql, const SealingKey& key, const RegistryRecord& record) {
  if (!record.connector.empty()) {
    GANTRY_RETURN_IF_ERROR(connector_table::CheckExists(sql, record.connector));
  }
  const Row r = Row::Of(record, key);
  sql << "UPDATE registry SET flavor = :flavor, uri = :uri, default_repository = :repository,"
         " connector = :connector, labels = :labels, config = :config, plain_http = :plain,"
         " skip_tls_verify = :skip, ca_certificate = :ca, client_certificate = :certificate,"
         " client_key = :key, update_time = :updated, version = :version, request_id = :request"
         " WHERE name = :name",
      soci::use(r.flavor), soci::use(r.uri), soci::use(r.default_repository),
      soci::use(r.connector), soci::use(r.labels), soci::use(r.config), soci::use(r.plain_http),
      soci::use(r.skip_tls_verify), soci::use(r.ca_certificate), soci::use(r.client_certificate),
      soci::use(r.client_key), soci::use(r.update_time), soci::use(r.version),
      soci::use(r.request_id), soci::use(r.name);
  return absl::OkStatus();
}

void Delete(soci::session& sql, const std::string& name) {
  sql << "DELETE FROM registry WHERE name = :name", soci::use(name);
}

std::string UserOf(soci::session& sql, const std::string& connector) {
  std::string name;
  soci::statement select = (sql.prepare << "SELECT name FROM registry WHERE connector = :c LIMIT 1",
                            soci::use(connector), soci::into(name));
  return select.execute(true) ? name : "";
}

}  // namespace gantry::registry_table

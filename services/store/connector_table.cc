#include "store/connector_table.h"

#include "base/nearest.h"
#include "base/status.h"
#include "store/db.h"
#include "store/records.h"
#include "store/registry_table.h"

namespace gantry::connector_table {
namespace {

constexpr char kColumns[] =
    "name, type, auth_method, config, labels, description, verification, verification_message, "
    "verification_host, verification_time, expire_time, create_time, update_time, version, "
    "resource_id, expires_skew_tolerance, request_id";

struct Row {
  std::string name, type, auth_method, config, labels, description, message, host, resource_id,
      request_id;
  long long verification = 0, verification_time = 0, expire_time = 0, create_time = 0,
            update_time = 0, version = 0, skew_tolerance = 0;

  ConnectorRecord Record() const {
    ConnectorRecord r;
    r.name = name;
    r.type = type;
    r.auth_method = auth_method;
    r.config_json = config;
    r.labels = LabelsFromText(labels);
    r.description = description;
    r.verification = static_cast<Verification>(verification);
    r.verification_message = message;
    r.verification_host = host;
    r.verification_time = FromMicros(verification_time);
    if (expire_time != 0) r.expires = FromMicros(expire_time);
    r.create_time = FromMicros(create_time);
    r.update_time = FromMicros(update_time);
    r.version = version;
    r.resource_id = resource_id;
    r.expires_skew_tolerance = std::chrono::seconds(skew_tolerance);
    r.request_id = request_id;
    return r;
  }
  static Row Of(const ConnectorRecord& r) {
    Row row;
    row.name = r.name;
    row.type = r.type;
    row.auth_method = r.auth_method;
    row.config = r.config_json;
    row.labels = LabelsToText(r.labels);
    row.description = r.description;
    row.verification = static_cast<long long>(r.verification);
    row.message = r.verification_message;
    row.host = r.verification_host;
    row.verification_time = ToMicros(r.verification_time);
    row.expire_time = r.expires ? ToMicros(*r.expires) : 0;
    row.create_time = ToMicros(r.create_time);
    row.update_time = ToMicros(r.update_time);
    row.version = r.version;
    row.resource_id = r.resource_id;
    row.skew_tolerance = r.expires_skew_tolerance.count();
    row.request_id = r.request_id;
    return row;
  }
};

template <class Prepared>
auto IntoRow(Prepared&& prepared, Row& r) {
  return (std::forward<Prepared>(prepared), soci::into(r.name), soci::into(r.type),
          soci::into(r.auth_method), soci::into(r.config), soci::into(r.labels),
          soci::into(r.description), soci::into(r.verification), soci::into(r.message),
          soci::into(r.host), soci::into(r.verification_time), soci::into(r.expire_time),
          soci::into(r.create_time), soci::into(r.update_time), soci::into(r.version),
          soci::into(r.resource_id), soci::into(r.skew_tolerance), soci::into(r.request_id));
}

// Where a secret belongs: it opens in no other row and no other column.
std::string PlaceOf(const std::string& connector, const std::string& field) {
  return "gantry|connector_secret|" + connector + "|" + field;
}

void WriteSecrets(soci::session& sql, const SealingKey& key, const ConnectorRecord& record) {
  sql << "DELETE FROM connector_secret WHERE connector = :name", soci::use(record.name);
  for (const auto& [field, secret] : record.secrets) {
    const std::string sealed = key.Seal(secret, PlaceOf(record.name, field));
    sql << "INSERT INTO connector_secret (connector, field, sealed) VALUES (:name, :field, :sealed)",
        soci::use(record.name), soci::use(field), soci::use(sealed);
  }
}

absl::Status ReadSecrets(soci::session& sql, const SealingKey& key, ConnectorRecord& record) {
  std::string field, sealed;
  soci::statement select =
      (sql.prepare << "SELECT field, sealed FROM connector_secret WHERE connector = :name",
       soci::use(record.name), soci::into(field), soci::into(sealed));
  select.execute();
  while (select.fetch()) {
    GANTRY_ASSIGN_OR_RETURN(Secret secret, key.Open(sealed, PlaceOf(record.name, field)));
    record.secrets.insert_or_assign(field, std::move(secret));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckExists(soci::session& sql, const std::string& name) {
  std::string found;
  soci::statement select = (sql.prepare << "SELECT name FROM connector WHERE name = :name",
                            soci::use(name), soci::into(found));
  if (select.execute(true)) return absl::OkStatus();
  return NotFound(reason::kConnectorNotFound, "no service connector is named '{}'",
                  Excerpt(name, 100))
      .With("connector", name)
      .Remedy("{}see 'gantry service-connector list'", DidYouMean(name, NamesIn(sql, "connector")));
}

absl::StatusOr<ConnectorRecord> Get(soci::session& sql, const SealingKey& key,
                                    const std::string& name) {
  GANTRY_RETURN_IF_ERROR(CheckExists(sql, name));
  Row row;
  soci::statement select =
      IntoRow((sql.prepare << "SELECT " << kColumns << " FROM connector WHERE name = :name",
               soci::use(name, "name")),
              row);
  select.execute(true);
  ConnectorRecord record = row.Record();
  GANTRY_RETURN_IF_ERROR(ReadSecrets(sql, key, record));
  return record;
}

absl::StatusOr<std::vector<ConnectorRecord>> List(soci::session& sql, const SealingKey& key,
                                                  const std::string& after, int limit) {
  std::vector<ConnectorRecord> records;
  {
    Row row;
    soci::statement select = IntoRow(
        (sql.prepare << "SELECT " << kColumns
                     << " FROM connector WHERE name > :after ORDER BY name LIMIT :limit",
         soci::use(after, "after"), soci::use(limit, "limit")),
        row);
    select.execute();
    while (select.fetch()) records.push_back(row.Record());
  }
  for (ConnectorRecord& record : records) {
    GANTRY_RETURN_IF_ERROR(ReadSecrets(sql, key, record));
  }
  return records;
}

absl::Status Insert(soci::session& sql, const SealingKey& key, const ConnectorRecord& record) {
  if (CheckExists(sql, record.name).ok()) {
    return AlreadyExists(reason::kConnectorExists, "a service connector named '{}' exists",
                         record.name)
        .With("connector", record.name)
        .Remedy("choose another name, or change it with 'gantry service-connector update'");
  }
  const Row r = Row::Of(record);
  sql << "INSERT INTO connector (" << kColumns
      << ") VALUES (:name, :type, :method, :config, :labels, :description, :verification, :message,"
         " :host, :tried, :expires, :created, :updated, :version, :resource, :tolerance,"
         " :request)",
      soci::use(r.name), soci::use(r.type), soci::use(r.auth_method), soci::use(r.config),
      soci::use(r.labels), soci::use(r.description), soci::use(r.verification),
      soci::use(r.message), soci::use(r.host), soci::use(r.verification_time),
      soci::use(r.expire_time), soci::use(r.create_time), soci::use(r.update_time),
      soci::use(r.version), soci::use(r.resource_id), soci::use(r.skew_tolerance),
      soci::use(r.request_id);
  WriteSecrets(sql, key, record);
  return absl::OkStatus();
}

void Replace(soci::session& sql, const SealingKey& key, const ConnectorRecord& record) {
  const Row r = Row::Of(record);
  sql << "UPDATE connector SET type = :type, auth_method = :method, config = :config,"
         " labels = :labels, description = :description, verification = :verification,"
         " verification_message = :message, verification_host = :host, verification_time = :tried,"
         " expire_time = :expires, update_time = :updated, version = :version,"
         " resource_id = :resource, expires_skew_tolerance = :tolerance, request_id = :request"
         " WHERE name = :name",
      soci::use(r.type), soci::use(r.auth_method), soci::use(r.config), soci::use(r.labels),
      soci::use(r.description), soci::use(r.verification), soci::use(r.message), soci::use(r.host),
      soci::use(r.verification_time), soci::use(r.expire_time), soci::use(r.update_time),
      soci::use(r.version), soci::use(r.resource_id), soci::use(r.skew_tolerance),
      soci::use(r.request_id), soci::use(r.name);
  WriteSecrets(sql, key, record);
}

absl::Status Delete(soci::session& sql, const std::string& name) {
  const std::string user = registry_table::UserOf(sql, name);
  if (!user.empty()) {
    return FailedPrecondition(reason::kConnectorInUse,
                              "the service connector '{}' is used by registry '{}'", name, user)
        .With("connector", name)
        .With("registry", user)
        .Remedy("give that registry another connector first, or delete it");
  }
  sql << "DELETE FROM connector WHERE name = :name", soci::use(name);
  return absl::OkStatus();
}

}  // namespace gantry::connector_table

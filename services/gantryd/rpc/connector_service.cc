#include "gantryd/rpc/connector_service.h"

#include "base/status.h"
#include "gantryd/rpc/convert.h"
#include "gantryd/rpc/idempotent.h"
#include "gantryd/rpc/unary_call.h"

namespace gantry {

grpc::ServerUnaryReactor* ConnectorService::ListConnectorTypes(
    Rpc* rpc, const v1::ListConnectorTypesRequest* request,
    v1::ListConnectorTypesResponse* response) {
  return StartUnary(
      host_, host_.local, rpc, "ServiceConnectors/ListConnectorTypes", request, response,
      [this](CallContext&, const auto&) -> absl::StatusOr<v1::ListConnectorTypesResponse> {
        v1::ListConnectorTypesResponse out;
        for (const auto& type : connectors_.Types()) {
          *out.add_connector_types() = ToProto(type, connectors_.implicit_login_allowed());
        }
        return out;
      });
}

grpc::ServerUnaryReactor* ConnectorService::CreateServiceConnector(
    Rpc* rpc, const v1::CreateServiceConnectorRequest* request, v1::ServiceConnector* response) {
  return StartUnary(
      host_, host_.remote, rpc, "ServiceConnectors/CreateServiceConnector", request, response,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::ServiceConnector>(
            requests_, "CreateServiceConnector", r,
            [&]() -> absl::StatusOr<v1::ServiceConnector> {
              GANTRY_ASSIGN_OR_RETURN(ConnectorInput input, FromProto(r.connector()));
              input.request_id = r.request_id();
              std::vector<std::string> warnings;
              GANTRY_ASSIGN_OR_RETURN(
                  const ConnectorRecord record,
                  connectors_.Create(call, std::move(input), r.skip_verification(), &warnings));
              return WithWarnings(ToProto(record), warnings);
            },
            [&](WallTime begun) {
              return MadeBy<v1::ServiceConnector>(r, connectors_.Get(call, r.connector().name()),
                                                  begun);
            });
      });
}

grpc::ServerUnaryReactor* ConnectorService::GetServiceConnector(
    Rpc* rpc, const v1::GetServiceConnectorRequest* request, v1::ServiceConnector* response) {
  return StartUnary(
      host_, host_.local, rpc, "ServiceConnectors/GetServiceConnector", request, response,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::ServiceConnector> {
        GANTRY_ASSIGN_OR_RETURN(const ConnectorRecord record, connectors_.Get(call, r.name()));
        return ToProto(record);
      });
}

grpc::ServerUnaryReactor* ConnectorService::ListServiceConnectors(
    Rpc* rpc, const v1::ListServiceConnectorsRequest* request,
    v1::ListServiceConnectorsResponse* response) {
  return StartUnary(
      host_, host_.local, rpc, "ServiceConnectors/ListServiceConnectors", request, response,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::ListServiceConnectorsResponse> {
        GANTRY_ASSIGN_OR_RETURN(const auto page,
                                connectors_.List(call, r.page_size(), r.page_token()));
        v1::ListServiceConnectorsResponse out;
        for (const ConnectorRecord& record : page.records) *out.add_connectors() = ToProto(record);
        out.set_next_page_token(page.next_page_token);
        return out;
      });
}

grpc::ServerUnaryReactor* ConnectorService::UpdateServiceConnector(
    Rpc* rpc, const v1::UpdateServiceConnectorRequest* request, v1::ServiceConnector* response) {
  return StartUnary(
      host_, host_.remote, rpc, "ServiceConnectors/UpdateServiceConnector", request, response,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::ServiceConnector>(
            requests_, "UpdateServiceConnector", r,
            [&]() -> absl::StatusOr<v1::ServiceConnector> {
              GANTRY_ASSIGN_OR_RETURN(ConnectorInput input, FromProto(r.connector()));
              input.request_id = r.request_id();
              std::vector<std::string> warnings;
              GANTRY_ASSIGN_OR_RETURN(
                  const ConnectorRecord record,
                  connectors_.Update(call, std::move(input), r.skip_verification(), &warnings));
              return WithWarnings(ToProto(record), warnings);
            },
            [&](WallTime begun) {
              return MadeBy<v1::ServiceConnector>(r, connectors_.Get(call, r.connector().name()),
                                                  begun);
            });
      });
}

grpc::ServerUnaryReactor* ConnectorService::DeleteServiceConnector(
    Rpc* rpc, const v1::DeleteServiceConnectorRequest* request,
    v1::DeleteServiceConnectorResponse* response) {
  return StartUnary(
      host_, host_.local, rpc, "ServiceConnectors/DeleteServiceConnector", request, response,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::DeleteServiceConnectorResponse>(
            requests_, "DeleteServiceConnector", r,
            [&]() -> absl::StatusOr<v1::DeleteServiceConnectorResponse> {
              GANTRY_ASSIGN_OR_RETURN(const int64_t version, VersionOf(r.etag()));
              GANTRY_RETURN_IF_ERROR(connectors_.Delete(call, r.name(), version));
              return v1::DeleteServiceConnectorResponse();
            },
            [&](WallTime) {
              return GoneAsWanted<v1::DeleteServiceConnectorResponse>(
                  connectors_.Get(call, r.name()));
            });
      });
}

grpc::ServerUnaryReactor* ConnectorService::VerifyServiceConnector(
    Rpc* rpc, const v1::VerifyServiceConnectorRequest* request,
    v1::VerifyServiceConnectorResponse* response) {
  return StartUnary(
      host_, host_.remote, rpc, "ServiceConnectors/VerifyServiceConnector", request, response,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::VerifyServiceConnectorResponse> {
        GANTRY_ASSIGN_OR_RETURN(const auto results, connectors_.Verify(call, r.name()));
        v1::VerifyServiceConnectorResponse out;
        for (const auto& result : results) *out.add_verifications() = ToProto(result);
        return out;
      });
}

grpc::ServerUnaryReactor* ConnectorService::ListConnectorResources(
    Rpc* rpc, const v1::ListConnectorResourcesRequest* request,
    v1::ListConnectorResourcesResponse* response) {
  return StartUnary(
      host_, host_.remote, rpc, "ServiceConnectors/ListConnectorResources", request, response,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::ListConnectorResourcesResponse> {
        GANTRY_ASSIGN_OR_RETURN(const auto page,
                                connectors_.ListResources(call, r.name(), r.page_token()));
        v1::ListConnectorResourcesResponse out;
        for (const Resource& resource : page.resources) *out.add_resources() = ToProto(resource);
        out.set_next_page_token(page.next_page_token);
        return WithWarnings(std::move(out), page.warnings);
      });
}

}  // namespace gantry

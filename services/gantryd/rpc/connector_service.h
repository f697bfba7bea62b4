// gantry.v1.ServiceConnectors over the connector manager.
#pragma once

#include <gantry/v1/service_connector.grpc.pb.h>

#include "gantryd/connectors/connector_manager.h"
#include "gantryd/request_log.h"
#include "gantryd/rpc/call_host.h"

namespace gantry {

// Thread-safe.  As RegistryService.
class ConnectorService final : public v1::ServiceConnectors::CallbackService {
 public:
  // All borrowed.
  ConnectorService(CallHost& host, ConnectorManager& connectors, RequestLog& requests)
      : host_(host), connectors_(connectors), requests_(requests) {}

 private:
  using Rpc = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* ListConnectorTypes(Rpc*, const v1::ListConnectorTypesRequest*,
                            v1::ListConnectorTypesResponse*) override;
  Unary* CreateServiceConnector(Rpc*, const v1::CreateServiceConnectorRequest*,
                                v1::ServiceConnector*) override;
  Unary* GetServiceConnector(Rpc*, const v1::GetServiceConnectorRequest*,
                             v1::ServiceConnector*) override;
  Unary* ListServiceConnectors(Rpc*, const v1::ListServiceConnectorsRequest*,
                               v1::ListServiceConnectorsResponse*) override;
  Unary* UpdateServiceConnector(Rpc*, const v1::UpdateServiceConnectorRequest*,
                                v1::ServiceConnector*) override;
  Unary* DeleteServiceConnector(Rpc*, const v1::DeleteServiceConnectorRequest*,
                                v1::DeleteServiceConnectorResponse*) override;
  Unary* VerifyServiceConnector(Rpc*, const v1::VerifyServiceConnectorRequest*,
                                v1::VerifyServiceConnectorResponse*) override;
  Unary* ListConnectorResources(Rpc*, const v1::ListConnectorResourcesRequest*,
                                v1::ListConnectorResourcesResponse*) override;

  CallHost& host_;
  ConnectorManager& connectors_;
  RequestLog& requests_;
};

}  // namespace gantry

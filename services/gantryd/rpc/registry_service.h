// gantry.v1.ContainerRegistry over the managers.  Every method: convert, delegate, convert back.
#pragma once

#include <gantry/v1/container_registry.grpc.pb.h>

#include "gantryd/credentials/credential_mint.h"
#include "gantryd/images/image_manager.h"
#include "gantryd/registries/registry_manager.h"
#include "gantryd/request_log.h"
#include "gantryd/rpc/call_host.h"

namespace gantry {

// Thread-safe.  Decides nothing; blocks nothing: work runs on the host's executors.
class RegistryService final : public v1::ContainerRegistry::CallbackService {
 public:
  // All borrowed.
  RegistryService(CallHost& host, const FlavorCatalog& flavors, RegistryManager& registries,
                  ImageManager& images, CredentialMint& mint, RequestLog& requests)
      : host_(host), flavors_(flavors), registries_(registries), images_(images), mint_(mint),
        requests_(requests) {}

 private:
  using Rpc = grpc::CallbackServerContext;
  using Unary = grpc::ServerUnaryReactor;

  Unary* ListFlavors(Rpc*, const v1::ListFlavorsRequest*, v1::ListFlavorsResponse*) override;
  Unary* GetFlavor(Rpc*, const v1::GetFlavorRequest*, v1::Flavor*) override;
  Unary* ListOrchestrators(Rpc*, const v1::ListOrchestratorsRequest*,
                           v1::ListOrchestratorsResponse*) override;
  Unary* CreateRegistry(Rpc*, const v1::CreateRegistryRequest*, v1::Registry*) override;
  Unary* GetRegistry(Rpc*, const v1::GetRegistryRequest*, v1::Registry*) override;
  Unary* ListRegistries(Rpc*, const v1::ListRegistriesRequest*,
                        v1::ListRegistriesResponse*) override;
  Unary* UpdateRegistry(Rpc*, const v1::UpdateRegistryRequest*, v1::Registry*) override;
  Unary* DeleteRegistry(Rpc*, const v1::DeleteRegistryRequest*,
                        v1::DeleteRegistryResponse*) override;
  Unary* DiagnoseRegistry(Rpc*, const v1::DiagnoseRegistryRequest*,
                          v1::DiagnoseRegistryResponse*) override;
  grpc::ServerBidiReactor<v1::PushImageRequest, v1::PushImageResponse>* PushImage(Rpc*) override;
  Unary* ResolveImage(Rpc*, const v1::ResolveImageRequest*, v1::Image*) override;
  Unary* ListImages(Rpc*, const v1::ListImagesRequest*, v1::ListImagesResponse*) override;
  Unary* MintPullCredential(Rpc*, const v1::MintPullCredentialRequest*,
                            v1::PullCredential*) override;

  CallHost& host_;
  const FlavorCatalog& flavors_;
  RegistryManager& registries_;
  ImageManager& images_;
  CredentialMint& mint_;
  RequestLog& requests_;
};

}  // namespace gantry

#include "gantryd/rpc/registry_service.h"

#include <algorithm>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/rpc/convert.h"
#include "gantryd/rpc/idempotent.h"
#include "gantryd/rpc/push_call.h"
#include "gantryd/rpc/unary_call.h"

namespace gantry {
namespace {

// "gantry-prod": names of registries may have what Kubernetes does not take.
std::string SecretNameFor(const std::string& registry) {
  std::string name = "gantry-" + registry;
  std::replace(name.begin(), name.end(), '_', '-');
  while (name.back() == '-' || name.back() == '.') name.pop_back();
  return name;
}

}  // namespace

#define GANTRY_START(Name, Request, Response, lane, work)                                     \
  UnaryCall<v1::Request, v1::Response>::Start(host_, host_.lane, rpc, "ContainerRegistry/" #Name, \
                                              request, response, work)

grpc::ServerUnaryReactor* RegistryService::ListFlavors(Rpc* rpc,
                                                       const v1::ListFlavorsRequest* request,
                                                       v1::ListFlavorsResponse* response) {
  return GANTRY_START(
      ListFlavors, ListFlavorsRequest, ListFlavorsResponse, local,
      [this](CallContext&, const auto&) -> absl::StatusOr<v1::ListFlavorsResponse> {
        v1::ListFlavorsResponse out;
        for (const FlavorInfo& info : flavors_.List()) *out.add_flavors() = ToProto(info);
        return out;
      });
}

grpc::ServerUnaryReactor* RegistryService::GetFlavor(Rpc* rpc, const v1::GetFlavorRequest* request,
                                                     v1::Flavor* response) {
  return GANTRY_START(
      GetFlavor, GetFlavorRequest, Flavor, local,
      [this](CallContext&, const auto& r) -> absl::StatusOr<v1::Flavor> {
        for (const FlavorInfo& info : flavors_.List()) {
          if (info.name == r.name()) return ToProto(info);
        }
        return flavors_.Find(r.name()).status();  // the catalog's own words
      });
}

grpc::ServerUnaryReactor* RegistryService::ListOrchestrators(
    Rpc* rpc, const v1::ListOrchestratorsRequest* request,
    v1::ListOrchestratorsResponse* response) {
  return GANTRY_START(
      ListOrchestrators, ListOrchestratorsRequest, ListOrchestratorsResponse, local,
      [](CallContext&, const auto&) -> absl::StatusOr<v1::ListOrchestratorsResponse> {
        v1::ListOrchestratorsResponse out;
        for (const OrchestratorInfo& info : Orchestrators()) {
          *out.add_orchestrators() = ToProto(info);
        }
        return out;
      });
}

grpc::ServerUnaryReactor* RegistryService::CreateRegistry(Rpc* rpc,
                                                          const v1::CreateRegistryRequest* request,
                                                          v1::Registry* response) {
  return GANTRY_START(
      CreateRegistry, CreateRegistryRequest, Registry, local,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::Registry>(
            requests_, "CreateRegistry", r,
            [&]() -> absl::StatusOr<v1::Registry> {
              GANTRY_ASSIGN_OR_RETURN(RegistryRecord record, FromProto(r.registry()));
              std::vector<std::string> warnings;
              GANTRY_ASSIGN_OR_RETURN(record,
                                      registries_.Create(call, std::move(record), &warnings));
              return WithWarnings(ToProto(record), warnings);
            });
      });
}

grpc::ServerUnaryReactor* RegistryService::GetRegistry(Rpc* rpc,
                                                       const v1::GetRegistryRequest* request,
                                                       v1::Registry* response) {
  return GANTRY_START(
      GetRegistry, GetRegistryRequest, Registry, local,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::Registry> {
        GANTRY_ASSIGN_OR_RETURN(const RegistryRecord record, registries_.Get(call, r.name()));
        return ToProto(record);
      });
}

grpc::ServerUnaryReactor* RegistryService::ListRegistries(Rpc* rpc,
                                                          const v1::ListRegistriesRequest* request,
                                                          v1::ListRegistriesResponse* response) {
  return GANTRY_START(
      ListRegistries, ListRegistriesRequest, ListRegistriesResponse, local,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::ListRegistriesResponse> {
        GANTRY_ASSIGN_OR_RETURN(const auto page,
                                registries_.List(call, r.page_size(), r.page_token()));
        v1::ListRegistriesResponse out;
        for (const RegistryRecord& record : page.records) *out.add_registries() = ToProto(record);
        out.set_next_page_token(page.next_page_token);
        return out;
      });
}

grpc::ServerUnaryReactor* RegistryService::UpdateRegistry(Rpc* rpc,
                                                          const v1::UpdateRegistryRequest* request,
                                                          v1::Registry* response) {
  return GANTRY_START(
      UpdateRegistry, UpdateRegistryRequest, Registry, local,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::Registry>(
            requests_, "UpdateRegistry", r,
            [&]() -> absl::StatusOr<v1::Registry> {
              GANTRY_ASSIGN_OR_RETURN(RegistryRecord record, FromProto(r.registry()));
              std::vector<std::string> warnings;
              GANTRY_ASSIGN_OR_RETURN(record,
                                      registries_.Update(call, std::move(record), &warnings));
              return WithWarnings(ToProto(record), warnings);
            });
      });
}

grpc::ServerUnaryReactor* RegistryService::DeleteRegistry(Rpc* rpc,
                                                          const v1::DeleteRegistryRequest* request,
                                                          v1::DeleteRegistryResponse* response) {
  return GANTRY_START(
      DeleteRegistry, DeleteRegistryRequest, DeleteRegistryResponse, local,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::DeleteRegistryResponse>(
            requests_, "DeleteRegistry", r,
            [&]() -> absl::StatusOr<v1::DeleteRegistryResponse> {
              GANTRY_ASSIGN_OR_RETURN(const int64_t version, VersionOf(r.etag()));
              GANTRY_RETURN_IF_ERROR(registries_.Delete(call, r.name(), version));
              return v1::DeleteRegistryResponse();
            });
      });
}

grpc::ServerUnaryReactor* RegistryService::DiagnoseRegistry(
    Rpc* rpc, const v1::DiagnoseRegistryRequest* request,
    v1::DiagnoseRegistryResponse* response) {
  return GANTRY_START(
      DiagnoseRegistry, DiagnoseRegistryRequest, DiagnoseRegistryResponse, remote,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::DiagnoseRegistryResponse> {
        GANTRY_ASSIGN_OR_RETURN(const auto checks,
                                registries_.Diagnose(call, r.name(), r.repository()));
        v1::DiagnoseRegistryResponse out;
        for (const DiagnosticCheck& check : checks) *out.add_checks() = ToProto(check);
        out.set_healthy(std::none_of(checks.begin(), checks.end(), [](const DiagnosticCheck& c) {
          return c.outcome == DiagnosticCheck::Outcome::kFailed;
        }));
        return out;
      });
}

grpc::ServerBidiReactor<v1::PushImageRequest, v1::PushImageResponse>* RegistryService::PushImage(
    Rpc* rpc) {
  return PushCall::Start(host_, rpc, images_, requests_);
}

grpc::ServerUnaryReactor* RegistryService::ResolveImage(Rpc* rpc,
                                                        const v1::ResolveImageRequest* request,
                                                        v1::Image* response) {
  return GANTRY_START(
      ResolveImage, ResolveImageRequest, Image, remote,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::Image> {
        GANTRY_ASSIGN_OR_RETURN(const ImageView image,
                                images_.Resolve(call, r.reference(), r.registry(), r.repository(),
                                                r.tag()));
        return ToProto(image);
      });
}

grpc::ServerUnaryReactor* RegistryService::ListImages(Rpc* rpc,
                                                      const v1::ListImagesRequest* request,
                                                      v1::ListImagesResponse* response) {
  return GANTRY_START(
      ListImages, ListImagesRequest, ListImagesResponse, remote,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::ListImagesResponse> {
        GANTRY_ASSIGN_OR_RETURN(const auto page,
                                images_.List(call, r.registry(), r.repository(), r.page_size(),
                                             r.page_token(), r.resolve_digests()));
        v1::ListImagesResponse out;
        for (const ImageView& image : page.images) *out.add_images() = ToProto(image);
        out.set_next_page_token(page.next_page_token);
        return out;
      });
}

grpc::ServerUnaryReactor* RegistryService::MintPullCredential(
    Rpc* rpc, const v1::MintPullCredentialRequest* request, v1::PullCredential* response) {
  return GANTRY_START(
      MintPullCredential, MintPullCredentialRequest, PullCredential, remote,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::PullCredential> {
        for (const auto& [field, name] : {std::pair("secret_name", r.secret_name()),
                                          std::pair("namespace", r.namespace_())}) {
          if (name.empty()) continue;
          if (auto fault = CheckKubernetesName(name)) return InvalidField(field, *std::move(fault));
        }
        GANTRY_ASSIGN_OR_RETURN(
            const PullCredential credential,
            mint_.Mint(call, {r.reference(), r.registry(), r.repository()}));
        const std::string name =
            r.secret_name().empty() ? SecretNameFor(credential.registry) : r.secret_name();
        return ToProto(credential, name, r.namespace_());
      });
}

#undef GANTRY_START

}  // namespace gantry

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

grpc::ServerUnaryReactor* RegistryService::ListFlavors(Rpc* rpc,
                                                       const v1::ListFlavorsRequest* request,
                                                       v1::ListFlavorsResponse* response) {
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/ListFlavors", request, response,
      [this](CallContext&, const auto&) -> absl::StatusOr<v1::ListFlavorsResponse> {
        v1::ListFlavorsResponse out;
        for (const FlavorInfo& info : flavors_.List()) *out.add_flavors() = ToProto(info);
        return out;
      });
}

grpc::ServerUnaryReactor* RegistryService::GetFlavor(Rpc* rpc, const v1::GetFlavorRequest* request,
                                                     v1::Flavor* response) {
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/GetFlavor", request, response,
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
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/ListOrchestrators", request, response,
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
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/CreateRegistry", request, response,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::Registry>(
            requests_, "CreateRegistry", r,
            [&]() -> absl::StatusOr<v1::Registry> {
              GANTRY_ASSIGN_OR_RETURN(RegistryRecord record, FromProto(r.registry()));
              record.request_id = r.request_id();
              std::vector<std::string> warnings;
              GANTRY_ASSIGN_OR_RETURN(record,
                                      registries_.Create(call, std::move(record), &warnings));
              return WithWarnings(ToProto(record), warnings);
            },
            [&](WallTime begun) {
              return MadeBy<v1::Registry>(r, registries_.Get(call, r.registry().name()), begun);
            });
      });
}

grpc::ServerUnaryReactor* RegistryService::GetRegistry(Rpc* rpc,
                                                       const v1::GetRegistryRequest* request,
                                                       v1::Registry* response) {
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/GetRegistry", request, response,
      [this](CallContext& call, const auto& r) -> absl::StatusOr<v1::Registry> {
        GANTRY_ASSIGN_OR_RETURN(const RegistryRecord record, registries_.Get(call, r.name()));
        return ToProto(record);
      });
}

grpc::ServerUnaryReactor* RegistryService::ListRegistries(Rpc* rpc,
                                                          const v1::ListRegistriesRequest* request,
                                                          v1::ListRegistriesResponse* response) {
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/ListRegistries", request, response,
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
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/UpdateRegistry", request, response,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::Registry>(
            requests_, "UpdateRegistry", r,
            [&]() -> absl::StatusOr<v1::Registry> {
              GANTRY_ASSIGN_OR_RETURN(RegistryRecord record, FromProto(r.registry()));
              record.request_id = r.request_id();
              std::vector<std::string> warnings;
              GANTRY_ASSIGN_OR_RETURN(record,
                                      registries_.Update(call, std::move(record), &warnings));
              return WithWarnings(ToProto(record), warnings);
            },
            [&](WallTime begun) {
              return MadeBy<v1::Registry>(r, registries_.Get(call, r.registry().name()), begun);
            });
      });
}

grpc::ServerUnaryReactor* RegistryService::DeleteRegistry(Rpc* rpc,
                                                          const v1::DeleteRegistryRequest* request,
                                                          v1::DeleteRegistryResponse* response) {
  return StartUnary(
      host_, host_.local, rpc, "ContainerRegistry/DeleteRegistry", request, response,
      [this](CallContext& call, const auto& r) {
        return Idempotent<v1::DeleteRegistryResponse>(
            requests_, "DeleteRegistry", r,
            [&]() -> absl::StatusOr<v1::DeleteRegistryResponse> {
              GANTRY_ASSIGN_OR_RETURN(const int64_t version, VersionOf(r.etag()));
              GANTRY_RETURN_IF_ERROR(registries_.Delete(call, r.name(), version));
              return v1::DeleteRegistryResponse();
            },
            [&](WallTime) {
              return GoneAsWanted<v1::DeleteRegistryResponse>(registries_.Get(call, r.name()));
            });
      });
}

grpc::ServerUnaryReactor* RegistryService::DiagnoseRegistry(
    Rpc* rpc, const v1::DiagnoseRegistryRequest* request,
    v1::DiagnoseRegistryResponse* response) {
  return StartUnary(
      host_, host_.remote, rpc, "ContainerRegistry/DiagnoseRegistry", request, response,
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
  return StartUnary(
      host_, host_.remote, rpc, "ContainerRegistry/ResolveImage", request, response,
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
  return StartUnary(
      host_, host_.remote, rpc, "ContainerRegistry/ListImages", request, response,
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
  return StartUnary(
      host_, host_.remote, rpc, "ContainerRegistry/MintPullCredential", request, response,
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

}  // namespace gantry

#include "gantryd/flavors/instance_v1.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "gantryd/flavors/abi_copy.h"
#include "gantryd/flavors/collector.h"
#include "gantryd/flavors/flavor_call.h"
#include "gantryd/flavors/flavor_error.h"

namespace gantry {
namespace {

using Rights = gantry_call::Rights;

uint32_t ToRaw(Actions actions) {
  return (actions.pull ? uint32_t{GANTRY_PULL} : 0u) | (actions.push ? uint32_t{GANTRY_PUSH} : 0u) |
         (actions.remove ? uint32_t{GANTRY_DELETE} : 0u) |
         (actions.hand_out ? uint32_t{GANTRY_HAND_OUT} : 0u);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FlavorInstance>> InstanceV1::Open(const gantry_flavor_table& table,
                                                                 const std::string& name,
                                                                 const CallContext& context,
                                                                 const std::string& config_json,
                                                                 InstanceHost& host) {
  GANTRY_RETURN_IF_ERROR(context.Check());
  std::unique_ptr<InstanceV1> instance(new InstanceV1(table, name, context.clock(), host));
  gantry_call call(context, "open", Rights::kSecrets);
  gantry_flavor* flavor = nullptr;
  const gantry_code code =
      table.open(instance->services_.table(), &call, gantry::ToRaw(config_json), &flavor);
  GANTRY_RETURN_IF_ERROR(EndOfOperation(code, call.error(), name, call.operation()));
  if (flavor == nullptr) return Misbehaved(name, "open", "returned OK without an instance");
  instance->flavor_ = flavor;
  return instance;
}

InstanceV1::~InstanceV1() {
  if (flavor_ != nullptr) table_.close(flavor_);
}

absl::StatusOr<Credential> InstanceV1::Authenticate(const CallContext& context,
                                                    const Target& target, Actions actions) {
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "authenticate", Rights::kNetwork);
  call.registry_host = target.registry_host;
  CredentialCollector credentials(target.registry_host, context.clock());
  const gantry_target raw = gantry::ToRaw(target);
  const gantry_code code = table_.authenticate(flavor_, &call, &raw, ToRaw(actions),
                                               {&credentials, CredentialCollector::Take});
  GANTRY_RETURN_IF_ERROR(credentials.End(code, call, name(), "a credential"));
  return std::move(credentials.items.front());
}

absl::StatusOr<FlavorPlan> InstanceV1::PreparePush(const CallContext& context,
                                                   const Target& target) {
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "prepare_push", Rights::kNetwork);
  call.registry_host = target.registry_host;
  PlanCollector plans(target.registry_host);
  const gantry_target raw = gantry::ToRaw(target);
  const gantry_code code = table_.prepare_push(flavor_, &call, &raw, {&plans, PlanCollector::Take});
  GANTRY_RETURN_IF_ERROR(plans.End(code, call, name(), "a plan"));
  return std::move(plans.items.front());
}

absl::StatusOr<FlavorImage> InstanceV1::Push(const CallContext& context, const FlavorPlan& plan,
                                             PushJob& job) {
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "push", Rights::kPush);
  call.registry_host = plan.target.registry_host;
  call.job = &job;
  ImageCollector images;
  const gantry_code code =
      table_.push(flavor_, &call, RawPlan(plan).get(), {&images, ImageCollector::Take});
  GANTRY_RETURN_IF_ERROR(images.End(code, call, name(), "an image"));
  FlavorImage& image = images.items.front();
  if (image.digest.empty()) {
    return Misbehaved(name(), "push", "gave an image without its digest");
  }
  // What was really stored is known: the flavor may add to it, not contradict it.
  if (const auto pushed = call.pushed(); pushed && pushed->digest.text() != image.digest) {
    return Misbehaved(name(), "push",
                      fmt::format("gave the digest {} for an image that was stored as {}",
                                  image.digest, pushed->digest.text()));
  }
  return std::move(image);
}

absl::StatusOr<FlavorInstance::Page> InstanceV1::List(const CallContext& context,
                                                      const Target& target,
                                                      const std::string& page_token,
                                                      int page_size) {
  if (table_.list == nullptr) return Unsupported("list images");
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "list", Rights::kNetwork);
  call.registry_host = target.registry_host;
  ImageCollector images;
  TokenCollector tokens;
  const gantry_target raw = gantry::ToRaw(target);
  const gantry_code code =
      table_.list(flavor_, &call, &raw, gantry::ToRaw(page_token),
                  static_cast<uint32_t>(std::max(page_size, 0)), {&images, ImageCollector::Take},
                  {&tokens, TokenCollector::Take});
  GANTRY_RETURN_IF_ERROR(images.End(code, call, name()));
  GANTRY_RETURN_IF_ERROR(tokens.End(code, call, name()));
  Page page;
  page.images = std::move(images.items);
  if (!tokens.items.empty()) page.next_page_token = std::move(tokens.items.front());
  return page;
}

absl::Status InstanceV1::Remove(const CallContext& context, const Target& target) {
  if (table_.remove == nullptr) return Unsupported("delete images");
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "remove", Rights::kNetwork);
  call.registry_host = target.registry_host;
  const gantry_target raw = gantry::ToRaw(target);
  const gantry_code code = table_.remove(flavor_, &call, &raw);
  return EndOfOperation(code, call.error(), name(), call.operation());
}

absl::StatusOr<std::vector<Finding>> InstanceV1::Diagnose(const CallContext& context,
                                                          const Target& target) {
  if (table_.diagnose == nullptr) return Unsupported("diagnose a registry");
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "diagnose", Rights::kNetwork);
  call.registry_host = target.registry_host;
  FindingCollector findings;
  const gantry_target raw = gantry::ToRaw(target);
  const gantry_code code =
      table_.diagnose(flavor_, &call, &raw, {&findings, FindingCollector::Take});
  GANTRY_RETURN_IF_ERROR(findings.End(code, call, name()));
  return std::move(findings.items);
}

absl::StatusOr<std::vector<Finding>> InstanceV1::Verify(const CallContext& context) {
  if (table_.verify == nullptr) return Unsupported("verify a connector");
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "verify", Rights::kNetwork);
  FindingCollector findings;
  const gantry_code code = table_.verify(flavor_, &call, {&findings, FindingCollector::Take});
  GANTRY_RETURN_IF_ERROR(findings.End(code, call, name()));
  return std::move(findings.items);
}

absl::StatusOr<FlavorInstance::ResourcePage> InstanceV1::ListResources(
    const CallContext& context, const std::string& page_token) {
  if (table_.list_resources == nullptr) return Unsupported("list what a connector reaches");
  GANTRY_RETURN_IF_ERROR(context.Check());
  gantry_call call(context, "list_resources", Rights::kNetwork);
  ResourceCollector resources;
  TokenCollector tokens;
  const gantry_code code = table_.list_resources(flavor_, &call, gantry::ToRaw(page_token),
                                                 {&resources, ResourceCollector::Take},
                                                 {&tokens, TokenCollector::Take});
  GANTRY_RETURN_IF_ERROR(resources.End(code, call, name()));
  GANTRY_RETURN_IF_ERROR(tokens.End(code, call, name()));
  ResourcePage page;
  page.resources = std::move(resources.items);
  page.warnings = call.warnings();
  if (!tokens.items.empty()) page.next_page_token = std::move(tokens.items.front());
  return page;
}

absl::Status InstanceV1::Unsupported(std::string_view what) const {
  return Unimplemented(reason::kFlavorUnsupported, "flavor {} cannot {}", name(), what)
      .With("flavor", name());
}

}  // namespace gantry

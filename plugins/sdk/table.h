// From a class to the table of the ABI.  Everything C stays in here.
#pragma once

#include <memory>

#include "plugins/sdk/flavor.h"
#include "plugins/sdk/guard.h"

namespace gantry::sdk::table {

template <class T>
gantry_code ValidateConfig(const gantry_host* host, gantry_call* call, gantry_str config,
                           gantry_finding_sink sink) noexcept {
  return Guard(*host, call, [&](Call& c) -> Status {
    Findings findings;
    GANTRY_FLAVOR_TRY(T::ValidateConfig(c, Config(View(config)), findings));
    for (const Finding& finding : findings) {
      if (!Put(sink, finding)) break;
    }
    return Ok();
  });
}

template <class T>
gantry_code Open(const gantry_host* host, gantry_call* call, gantry_str config,
                 gantry_flavor** out) noexcept {
  return Guard(*host, call, [&](Call& c) -> Status {
    std::unique_ptr<Flavor> made = std::make_unique<T>(*host, Config(View(config)));
    GANTRY_FLAVOR_TRY(made->Open(c));
    *out = reinterpret_cast<gantry_flavor*>(made.release());
    return Ok();
  });
}

void Close(gantry_flavor* flavor) noexcept;
gantry_code Authenticate(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                         uint32_t actions, gantry_credential_sink sink) noexcept;
gantry_code PreparePush(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                        gantry_push_plan_sink sink) noexcept;
gantry_code Push(gantry_flavor* flavor, gantry_call* call, const gantry_push_plan* plan,
                 gantry_image_sink sink) noexcept;
gantry_code List(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                 gantry_str page_token, uint32_t page_size, gantry_image_sink sink,
                 gantry_str_sink next_page_token) noexcept;
gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target) noexcept;
gantry_code Diagnose(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                     gantry_finding_sink sink) noexcept;
gantry_code Verify(gantry_flavor* flavor, gantry_call* call, gantry_finding_sink sink) noexcept;
gantry_code ListResources(gantry_flavor* flavor, gantry_call* call, gantry_str page_token,
                          gantry_resource_sink sink, gantry_str_sink next_page_token) noexcept;

}  // namespace gantry::sdk::table

// Once per flavor, outside of any namespace, in a file that includes the generated flavor_data.h.
#define GANTRY_FLAVOR(T)                                                                     \
  extern "C" GANTRY_EXPORT const gantry_flavor_table* gantry_flavor_v1(void) noexcept {      \
    static constexpr gantry_flavor_table kTable = {                                          \
        .magic = GANTRY_MAGIC,                                                               \
        .struct_size = sizeof(gantry_flavor_table),                                          \
        .abi_minor = GANTRY_ABI_MINOR,                                                       \
        .capabilities = T::kCapabilities,                                                    \
        .name = {gantry_flavor_data::kName, sizeof(gantry_flavor_data::kName) - 1},          \
        .version = {gantry_flavor_data::kVersion, sizeof(gantry_flavor_data::kVersion) - 1}, \
        .description_json = {gantry_flavor_data::kDescription,                               \
                             sizeof(gantry_flavor_data::kDescription) - 1},                  \
        .errors_json = {gantry_flavor_data::kErrors, sizeof(gantry_flavor_data::kErrors) - 1},  \
        .connector_types = gantry_flavor_data::kConnectorTypes,                              \
        .connector_type_count = gantry_flavor_data::kConnectorTypeCount,                     \
        .validate_config = gantry::sdk::table::ValidateConfig<T>,                            \
        .open = gantry::sdk::table::Open<T>,                                                 \
        .close = gantry::sdk::table::Close,                                                  \
        .authenticate = gantry::sdk::table::Authenticate,                                    \
        .prepare_push = gantry::sdk::table::PreparePush,                                     \
        .push = gantry::sdk::table::Push,                                                    \
        .list = gantry::sdk::table::List,                                                    \
        .remove = gantry::sdk::table::Remove,                                                \
        .diagnose = gantry::sdk::table::Diagnose,                                            \
        .verify = gantry::sdk::table::Verify,                                                \
        .list_resources = gantry::sdk::table::ListResources};                                \
    return &kTable;                                                                          \
  }

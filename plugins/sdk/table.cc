#include "plugins/sdk/table.h"

namespace gantry::sdk::table {
namespace {

Flavor& Self(gantry_flavor* flavor) { return *reinterpret_cast<Flavor*>(flavor); }

template <class Sink, class Records>
void PutAll(const Sink& sink, const Records& records) {
  for (const auto& record : records) {
    if (!Put(sink, record)) break;
  }
}

}  // namespace

void Close(gantry_flavor* flavor) noexcept { delete &Self(flavor); }

gantry_code Authenticate(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                         uint32_t actions, gantry_credential_sink sink) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    Credential credential;
    const Target wanted = Target::From(*target);
    credential.registry_host = wanted.registry_host;
    GANTRY_FLAVOR_TRY(Self(flavor).Authenticate(c, wanted, actions, credential));
    Put(sink, credential);
    return Ok();
  });
}

gantry_code PreparePush(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                        gantry_push_plan_sink sink) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    Plan plan;
    plan.target = Target::From(*target);
    GANTRY_FLAVOR_TRY(Self(flavor).PreparePush(c, plan));
    Put(sink, plan);
    return Ok();
  });
}

gantry_code Push(gantry_flavor* flavor, gantry_call* call, const gantry_push_plan* plan,
                 gantry_image_sink sink) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    Image image;
    GANTRY_FLAVOR_TRY(Self(flavor).Push(c, Plan::From(*plan), image));
    Put(sink, image);
    return Ok();
  });
}

gantry_code List(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                 gantry_str page_token, uint32_t page_size, gantry_image_sink sink,
                 gantry_str_sink next_page_token) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    Page page;
    GANTRY_FLAVOR_TRY(Self(flavor).List(c, Target::From(*target), std::string(View(page_token)),
                                        page_size, page));
    PutAll(sink, page.images);
    if (!page.next_page_token.empty()) Put(next_page_token, page.next_page_token);
    return Ok();
  });
}

gantry_code Remove(gantry_flavor* flavor, gantry_call* call, const gantry_target* target) noexcept {
  return Guard(Self(flavor).host(), call,
               [&](Call& c) { return Self(flavor).Remove(c, Target::From(*target)); });
}

gantry_code Diagnose(gantry_flavor* flavor, gantry_call* call, const gantry_target* target,
                     gantry_finding_sink sink) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    Findings findings;
    GANTRY_FLAVOR_TRY(Self(flavor).Diagnose(c, Target::From(*target), findings));
    PutAll(sink, findings);
    return Ok();
  });
}

gantry_code Verify(gantry_flavor* flavor, gantry_call* call, gantry_finding_sink sink) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    Findings findings;
    GANTRY_FLAVOR_TRY(Self(flavor).Verify(c, findings));
    PutAll(sink, findings);
    return Ok();
  });
}

gantry_code ListResources(gantry_flavor* flavor, gantry_call* call, gantry_str page_token,
                          gantry_resource_sink sink, gantry_str_sink next_page_token) noexcept {
  return Guard(Self(flavor).host(), call, [&](Call& c) -> Status {
    ResourcePage page;
    GANTRY_FLAVOR_TRY(Self(flavor).ListResources(c, std::string(View(page_token)), page));
    PutAll(sink, page.resources);
    if (!page.next_page_token.empty()) Put(next_page_token, page.next_page_token);
    return Ok();
  });
}

}  // namespace gantry::sdk::table

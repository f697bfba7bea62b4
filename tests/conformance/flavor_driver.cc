#include "tests/conformance/flavor_driver.h"

#include <cstring>
#include <memory>

#include "plugins/sdk/json.h"

namespace gantry::testing {
namespace {

using sdk::View;

// Text lent for one call: overwritten and freed when it is over.
class Lender {
 public:
  Lender() = default;
  Lender(const Lender&) = delete;
  Lender& operator=(const Lender&) = delete;
  ~Lender() {
    for (const auto& [block, size] : blocks_) std::memset(block.get(), 0xdb, size);
  }

  gantry_str Lend(std::string_view text) {
    auto& [block, size] = blocks_.emplace_back(std::make_unique<char[]>(text.size()), text.size());
    std::memcpy(block.get(), text.data(), size);
    return {block.get(), size};
  }
  gantry_target Lend(const sdk::Target& target) {
    return {sizeof(gantry_target), Lend(target.registry_host), Lend(target.repository),
            Lend(target.tag), Lend(target.digest)};
  }

 private:
  std::vector<std::pair<std::unique_ptr<char[]>, size_t>> blocks_;
};

// A sink that remembers whose thread it may be called on, and that the call is over.
template <class Raw, class T>
class Sink {
 public:
  Sink(FakeHost& host, T (*copy)(const Raw&)) : host_(host), copy_(copy) {}

  static int32_t Take(void* ctx, const Raw* raw) noexcept {
    auto* self = static_cast<Sink*>(ctx);
    if (std::this_thread::get_id() != self->thread_) {
      self->host_.AddFault("put a record from another thread");
      return 1;
    }
    self->records.push_back(self->copy_(*raw));
    return 0;
  }

  std::vector<T> records;

 private:
  FakeHost& host_;
  T (*const copy_)(const Raw&);
  const std::thread::id thread_ = std::this_thread::get_id();
};

sdk::Credential CopyCredential(const gantry_credential& raw) {
  sdk::Credential credential;
  credential.scheme = raw.scheme;
  credential.registry_host = View(raw.registry_host);
  credential.username = View(raw.username);
  credential.secret = sdk::Secret(View(raw.secret));
  credential.expires_unix_ms = raw.expires_unix_ms;
  credential.read_only = (raw.flags & GANTRY_CREDENTIAL_READ_ONLY) != 0;
  credential.one_repository = (raw.flags & GANTRY_CREDENTIAL_ONE_REPOSITORY) != 0;
  return credential;
}

sdk::Finding CopyFinding(const gantry_finding& raw) {
  return {raw.level, std::string(View(raw.check)), std::string(View(raw.field)),
          std::string(View(raw.message)), std::string(View(raw.remedy))};
}

sdk::Resource CopyResource(const gantry_resource& raw) {
  return {std::string(View(raw.uri)), std::string(View(raw.description))};
}

std::string CopyText(const gantry_str& raw) { return std::string(View(raw)); }

Outcome Finish(gantry_call& call, gantry_code code) {
  return {code, std::move(call.failures), std::move(call.host_failures)};
}

template <class T>
void TakeFirst(std::vector<T>& records, std::optional<T>* out) {
  if (!records.empty()) *out = std::move(records.front());
}

}  // namespace

Outcome FlavorDriver::ValidateConfig(std::string_view config, std::vector<sdk::Finding>* findings) {
  gantry_call call(timeout);
  if (table_.validate_config == nullptr) return {};
  Lender lender;
  Sink<gantry_finding, sdk::Finding> sink(host_, CopyFinding);
  const gantry_code code =
      table_.validate_config(host_.table(), &call, lender.Lend(config), {&sink, sink.Take});
  *findings = std::move(sink.records);
  return Finish(call, code);
}

Outcome FlavorDriver::Open(std::string_view config) {
  gantry_call call(timeout);
  Lender lender;
  const gantry_code code = table_.open(host_.table(), &call, lender.Lend(config), &flavor_);
  if (code == GANTRY_OK && flavor_ == nullptr) host_.AddFault("opened nothing and said OK");
  return Finish(call, code);
}

void FlavorDriver::Close() {
  if (flavor_ != nullptr) table_.close(std::exchange(flavor_, nullptr));
}

Outcome FlavorDriver::Authenticate(const sdk::Target& target, uint32_t actions,
                                   std::optional<sdk::Credential>* credential) {
  gantry_call call(timeout);
  Lender lender;
  Sink<gantry_credential, sdk::Credential> sink(host_, CopyCredential);
  const gantry_target raw = lender.Lend(target);
  const gantry_code code = table_.authenticate(flavor_, &call, &raw, actions, {&sink, sink.Take});
  TakeFirst(sink.records, credential);
  return Finish(call, code);
}

Outcome FlavorDriver::PreparePush(const sdk::Target& target, std::optional<sdk::Plan>* plan) {
  gantry_call call(timeout);
  Lender lender;
  Sink<gantry_push_plan, sdk::Plan> sink(host_, sdk::Plan::From);
  const gantry_target raw = lender.Lend(target);
  const gantry_code code = table_.prepare_push(flavor_, &call, &raw, {&sink, sink.Take});
  TakeFirst(sink.records, plan);
  return Finish(call, code);
}

Outcome FlavorDriver::Push(const sdk::Plan& plan, std::optional<sdk::Image>* image) {
  gantry_call call(timeout);
  Lender lender;
  Sink<gantry_image, sdk::Image> sink(host_, sdk::Image::From);
  const gantry_target target = lender.Lend(plan.target);
  std::vector<gantry_str> mounts;
  for (const std::string& repository : plan.mount_from) mounts.push_back(lender.Lend(repository));
  const gantry_push_plan raw{
      sizeof raw,
      plan.max_parallel_blobs,
      &target,
      mounts.data(),
      mounts.size(),
      plan.chunk_bytes,
      plan.upload,
      (plan.lax_commit ? 1u : 0u) | (plan.new_repository ? 2u : 0u) | (plan.no_range ? 4u : 0u),
      plan.min_part_bytes};
  const gantry_code code = table_.push(flavor_, &call, &raw, {&sink, sink.Take});
  TakeFirst(sink.records, image);
  return Finish(call, code);
}

Outcome FlavorDriver::List(const sdk::Target& target, std::string_view page_token,
                           uint32_t page_size, sdk::Page* page) {
  gantry_call call(timeout);
  if (table_.list == nullptr) return {GANTRY_UNIMPLEMENTED, {}, {}};
  Lender lender;
  Sink<gantry_image, sdk::Image> images(host_, sdk::Image::From);
  Sink<gantry_str, std::string> tokens(host_, CopyText);
  const gantry_target raw = lender.Lend(target);
  const gantry_code code = table_.list(flavor_, &call, &raw, lender.Lend(page_token), page_size,
                                       {&images, images.Take}, {&tokens, tokens.Take});
  page->images = std::move(images.records);
  page->next_page_token = tokens.records.empty() ? "" : tokens.records.front();
  return Finish(call, code);
}

Outcome FlavorDriver::Remove(const sdk::Target& target) {
  gantry_call call(timeout);
  if (table_.remove == nullptr) return {GANTRY_UNIMPLEMENTED, {}, {}};
  Lender lender;
  const gantry_target raw = lender.Lend(target);
  return Finish(call, table_.remove(flavor_, &call, &raw));
}

Outcome FlavorDriver::Diagnose(const sdk::Target& target, std::vector<sdk::Finding>* findings) {
  gantry_call call(timeout);
  if (table_.diagnose == nullptr) return {GANTRY_UNIMPLEMENTED, {}, {}};
  Lender lender;
  Sink<gantry_finding, sdk::Finding> sink(host_, CopyFinding);
  const gantry_target raw = lender.Lend(target);
  const gantry_code code = table_.diagnose(flavor_, &call, &raw, {&sink, sink.Take});
  *findings = std::move(sink.records);
  return Finish(call, code);
}

Outcome FlavorDriver::Verify(std::vector<sdk::Finding>* findings) {
  gantry_call call(timeout);
  if (table_.verify == nullptr) return {GANTRY_UNIMPLEMENTED, {}, {}};
  Sink<gantry_finding, sdk::Finding> sink(host_, CopyFinding);
  const gantry_code code = table_.verify(flavor_, &call, {&sink, sink.Take});
  *findings = std::move(sink.records);
  return Finish(call, code);
}

Outcome FlavorDriver::ListResources(std::string_view page_token, sdk::ResourcePage* page) {
  gantry_call call(timeout);
  if (table_.list_resources == nullptr) return {GANTRY_UNIMPLEMENTED, {}, {}};
  Lender lender;
  Sink<gantry_resource, sdk::Resource> resources(host_, CopyResource);
  Sink<gantry_str, std::string> tokens(host_, CopyText);
  const gantry_code code =
      table_.list_resources(flavor_, &call, lender.Lend(page_token), {&resources, resources.Take},
                            {&tokens, tokens.Take});
  page->resources = std::move(resources.records);
  page->next_page_token = tokens.records.empty() ? "" : tokens.records.front();
  return Finish(call, code);
}

std::string ConfigJson(std::string_view uri, bool with_connector,
                       std::string_view connector_registry) {
  std::string connector = "null";
  if (with_connector) {
    connector = R"({"type": "docker", "auth_method": "password", "config": {"username": "gordon")";
    if (!connector_registry.empty()) {
      connector += ", \"registry\": " + sdk::JsonQuote(connector_registry);
    }
    connector += "}}";
  }
  return "{\"uri\": " + sdk::JsonQuote(uri) +
         R"(, "default_repository": "", "config": {}, "connector": )" + connector + "}";
}

}  // namespace gantry::testing

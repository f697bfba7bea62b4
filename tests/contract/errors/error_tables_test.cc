// Holds each flavor's errors.json against <flavor>.json beside this file: refusals as the cloud
// sends them, byte for byte, and a part of the remedy that a person is to read then.  A new row
// needs a sample, and a sample that no row fits is a fault of either.
//
//   "uri", "logins": of the registry, and by name {"type", "auth_method", "config", "secrets"}
//   "samples": [{"status", "headers", "body" (text, or JSON), "remedy"}]
//       as the registry answers an upload; with "login" and "do" ("authenticate", "prepare",
//       "list", "diagnose", "verify", "list-resources") as the cloud's API answers the flavor
//       there, after the answers "before"; "registry_config" and "uri" in place of the file's.  Or
//       {"stage", "remedy"}: no answer, because of that.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <set>

#include "base/status.h"
#include "gantryd/flavors/catalog.h"
#include "oci/json.h"
#include "oci/registry_error.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

constexpr char kHost[] = "registry", kRepository[] = "team/app";

HttpResponse ResponseOf(const Json& sample) {
  HttpResponse response;
  response.status = sample.value("status", 200);
  const Json headers = sample.value("headers", Json::object());
  for (const auto& [name, value] : headers.items()) {
    response.headers.Add(name, value.get<std::string>());
  }
  const Json body = sample.value("body", Json(""));
  response.body = body.is_string() ? body.get<std::string>() : body.dump();
  return response;
}

// Lends a flavor the sample's login, and gives the sample's answers to all that it asks.
class SampleHost final : public InstanceHost, private HttpClient {
 public:
  SampleHost(const Json& login, const Json& sample) : login_(login) {
    for (const Json& before : sample.value("before", Json::array())) {
      answers_.push_back(ResponseOf(before));
    }
    answers_.push_back(ResponseOf(sample));
  }
  HttpClient& http() override { return *this; }
  Transport TransportTo(const Url&) override { return {}; }
  absl::StatusOr<Secret> GetSecret(const std::string& name) override {
    const Json secrets = login_.value("secrets", Json::object());
    if (!secrets.contains(name)) return NotFound(reason::kConnectorNotFound, "no {}", name);
    return Secret(secrets[name].is_string() ? secrets[name].get<std::string>()
                                            : secrets[name].dump());
  }
  LocalIdentity* local_identity() override { return &local_; }
  absl::StatusOr<HttpResponse> Registry(const CallContext&, const Target&, Actions,
                                        const RegistryRequest&) override {
    return Next();
  }

 private:
  absl::StatusOr<HttpResponse> Do(const CallContext&, const HttpRequest&) override {
    return Next();
  }
  HttpResponse Next() {
    const HttpResponse answer = answers_.front();
    if (answers_.size() > 1) answers_.pop_front();
    return answer;
  }

  const Json login_;
  std::deque<HttpResponse> answers_;  // the last one stays
  LocalIdentity local_{Environment()};
};

// How the flavor's operation ends when the cloud answers so.
absl::Status Refused(Flavor& flavor, const Json& file, const Json& sample) {
  const Json& login = file["logins"].at(sample["login"].get<std::string>());
  const std::string uri = sample.value("uri", file["uri"].get<std::string>());
  const Json connector = {{"type", login["type"]},
                          {"auth_method", login["auth_method"]},
                          {"config", login.value("config", Json::object())},
                          {"expires_unix_ms", nullptr}};
  const Json config = {{"uri", uri},
                       {"default_repository", ""},
                       {"config", sample.value("registry_config", Json::object())},
                       {"connector", connector}};
  const ManualClock clock;
  const CallContext call(clock, std::chrono::hours(1), "sample");
  SampleHost host(login, sample);
  GANTRY_ASSIGN_OR_RETURN(const auto instance, flavor.Open(call, config.dump(), host));
  const size_t slash = std::min(uri.find('/'), uri.size());
  const std::string below = slash < uri.size() ? uri.substr(slash + 1) + "/" : "";
  const Target target{uri.substr(0, slash), below + kRepository, "v1", ""};
  const std::string operation = sample["do"];
  if (operation == "authenticate") {
    return instance->Authenticate(call, target, {.pull = true, .push = true}).status();
  }
  if (operation == "prepare") return instance->PreparePush(call, target).status();
  if (operation == "list") return instance->List(call, target, "", 10).status();
  if (operation == "diagnose") return instance->Diagnose(call, target).status();
  if (operation == "verify") return instance->Verify(call).status();
  if (operation == "list-resources") return instance->ListResources(call, "").status();
  return InvalidArgument(reason::kInvalidArgument, "no operation is called {}", operation);
}

absl::Status ErrorOf(Flavor& flavor, const Json& file, const Json& sample) {
  if (sample.contains("stage")) {
    return Unavailable(reason::kUpstreamUnavailable, "no way there")
        .With("registry", kHost)
        .With("stage", sample["stage"].get<std::string>());
  }
  if (sample.contains("do")) return Refused(flavor, file, sample);
  return ErrorFromResponse(ResponseOf(sample), {"opening an upload", kHost, kRepository, "", {}});
}

// The first row that gives this error its remedy; -1 when none does.
int RowFor(const absl::Status& status, const std::vector<ErrorHint>& rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (WithHint(status, {rows[i]}) != status) return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> Samples() {
  std::vector<std::string> names;
  DIR* directory = opendir(GANTRY_SAMPLES_DIR);
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.ends_with(".json")) names.push_back(name.substr(0, name.size() - 5));
  }
  closedir(directory);
  return names;
}

const LoadedFlavors& Flavors() {
  static const auto flavors = *LoadFlavors(GANTRY_FLAVORS_DIR);
  return *flavors;
}

class ErrorTables : public ::testing::TestWithParam<std::string> {};

TEST_P(ErrorTables, EveryRowIsMetAndEverySampleFindsItsRemedy) {
  std::ifstream in(fmt::format("{}/{}.json", GANTRY_SAMPLES_DIR, GetParam()));
  const Json file = Json::parse(in);
  const auto flavor = Flavors().Find(GetParam());
  ASSERT_TRUE(flavor.ok()) << flavor.status();
  const std::vector<ErrorHint>& rows = (*flavor)->info().error_hints;
  std::set<int> met;
  for (const Json& sample : file["samples"]) {
    const absl::Status error = ErrorOf(**flavor, file, sample);
    ASSERT_FALSE(error.ok()) << sample;
    const int row = RowFor(error, rows);
    ASSERT_GE(row, 0) << "no row fits " << error << "\nof " << sample;
    met.insert(row);
    EXPECT_THAT(DetailOf(WithHint(error, rows)).remedy,
                HasSubstr(sample["remedy"].get<std::string>()))
        << error << "\nof " << sample;
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_TRUE(met.count(static_cast<int>(i)))
        << "no sample in " << GetParam() << ".json meets row " << i << ": " << rows[i].stage << ' '
        << rows[i].status << ' ' << rows[i].code << " \"" << rows[i].text
        << "\": " << rows[i].remedy;
  }
}

TEST(ErrorTablesOfAllFlavors, HaveSamples) {
  const std::vector<std::string> samples = Samples();
  for (const FlavorInfo& info : Flavors().List()) {
    if (info.error_hints.empty()) continue;
    EXPECT_THAT(samples, ::testing::Contains(info.name));
  }
}

INSTANTIATE_TEST_SUITE_P(Flavors, ErrorTables, ::testing::ValuesIn(Samples()),
                         [](const auto& flavor) { return flavor.param; });

}  // namespace
}  // namespace gantry

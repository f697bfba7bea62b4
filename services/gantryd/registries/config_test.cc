// Names, page tokens, schemas, transports: what a registry's or connector's config is made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "gantryd/registries/field_violations.h"
#include "gantryd/registries/names.h"
#include "gantryd/registries/paging.h"
#include "gantryd/registries/repository_name.h"
#include "gantryd/registries/schema.h"
#include "gantryd/registries/transport.h"
#include "tests/fakes/certificate.h"

namespace gantry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

auto Violates(const std::string& field, const std::string& words) {
  return AllOf(Field(&FieldViolation::field, field),
               Field(&FieldViolation::description, HasSubstr(words)));
}

TEST(Names, AreWhatUrlsAndFilesMayHold) {
  for (const char* name : {"a", "gcr", "default_registry", "r-1.x", "0"}) {
    EXPECT_FALSE(CheckName(name)) << name;
  }
  EXPECT_FALSE(CheckName(std::string(63, 'a')));
  for (const std::string& name :
       {std::string(), std::string("A"), std::string("a b"), std::string("-a"), std::string("a."),
        std::string("a/b"), std::string("a\0b", 3), std::string(64, 'a'), std::string("\xff")}) {
    ASSERT_TRUE(CheckName(name)) << name;
    EXPECT_EQ(CheckName(name)->field, "name");
  }
}

TEST(FieldViolations, TravelTogetherInOneStatus) {
  const absl::Status status =
      InvalidConfig({{"uri", "is required"}, {"config.x", "is \"odd\"\xff"}}, "look there");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), reason::kInvalidConfig);
  EXPECT_EQ(DetailOf(status).remedy, "look there");
  EXPECT_THAT(FieldViolationsOf(status),
              ElementsAre(Violates("uri", "is required"), Violates("config.x", "odd")));
  EXPECT_THAT(FieldViolationsOf(absl::InternalError("x")), IsEmpty());
}

TEST(FieldViolations, AreBounded) {
  const absl::Status status =
      InvalidConfig(std::vector<FieldViolation>(1000, {"config.a", std::string(100, 'x')}));
  EXPECT_LE(FieldViolationsOf(status).size(), 16u);
  EXPECT_LE(status.message().size(), 1100u);
}

TEST(Paging, SizesAreDefaultedCutAndRefused) {
  EXPECT_EQ(*EffectivePageSize(0), 100);
  EXPECT_EQ(*EffectivePageSize(7), 7);
  EXPECT_EQ(*EffectivePageSize(5000), 1000);
  EXPECT_EQ(EffectivePageSize(-1).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Paging, TokensBringTheirCursorBackToTheirOwnList) {
  for (const std::string& cursor : {std::string("a"), std::string("/v2/x?n=1&last=\xff\0z", 19)}) {
    const std::string token = MakePageToken("registries", cursor);
    EXPECT_EQ(token.find_first_of("+/="), token.npos);
    EXPECT_EQ(*ReadPageToken("registries", token), cursor);
    EXPECT_FALSE(ReadPageToken("connectors", token).ok());
  }
  EXPECT_EQ(*ReadPageToken("registries", ""), "");
  for (const char* garbage : {"x", "AAAAAAAAAAAAAAAAAAAAAAAA", "!!!", "default"}) {
    const absl::Status status = ReadPageToken("registries", garbage).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << garbage;
    EXPECT_THAT(FieldViolationsOf(status), ElementsAre(Violates("page_token", "token")));
  }
}

constexpr char kSchema[] = R"({
  "type": "object",
  "properties": {
    "username": {"type": "string", "minLength": 1, "description": "The account's name"},
    "password": {"type": "string", "writeOnly": true, "pattern": "^[a-z-]+$"},
    "mode": {"enum": ["fast", "slow"]},
    "proxy": {"type": "object", "properties": {"port": {"type": "integer", "maximum": 65535}}}
  },
  "required": ["username"]})";

std::vector<FieldViolation> Check(const std::string& config) {
  const auto schema = ConfigSchema::Parse(kSchema, "flavor x");
  const auto json = ParseConfigObject(config, "config");
  if (!json.ok()) return FieldViolationsOf(json.status());
  return *schema->Check(*json, "config");
}

TEST(Schema, EveryWrongFieldIsNamedWithWhatIsWanted) {
  EXPECT_THAT(Check(R"({"username":"u","password":"p","mode":"fast"})"), IsEmpty());
  EXPECT_THAT(Check(R"({"mode":"medium","proxy":{"port":99999}})"),
              ::testing::UnorderedElementsAre(
                  Violates("config.username", "required (type string; The account's name)"),
                  Violates("config.mode", R"(one of "fast", "slow")"),
                  Violates("config.proxy.port", "less than or equal to")));
  EXPECT_THAT(Check(R"({"username":7})"), ElementsAre(Violates("config.username", "wrong type")));
  EXPECT_THAT(Check(R"({"username":""})"), ElementsAre(Violates("config.username", "is empty")));
}

TEST(Schema, UnknownFieldsAreRefusedWithTheKnownOnes) {
  EXPECT_THAT(Check(R"({"username":"u","pasword":"p"})"),
              ElementsAre(Violates("config.pasword", "mode, password, proxy, username")));
  const auto open = ConfigSchema::Parse(
      R"({"properties":{"a":{}},"additionalProperties":{"type":"string"}})", "flavor y");
  EXPECT_THAT(*open->Check(*ParseJson(R"({"b":"x"})"), "config"), IsEmpty());
  EXPECT_FALSE(open->Check(*ParseJson(R"({"b":1})"), "config")->empty());
  const auto none = ConfigSchema::Parse(R"({"properties":{}})", "flavor z");
  EXPECT_THAT(*none->Check(*ParseJson(R"({"b":1})"), "config"),
              ElementsAre(Violates("config.b", "which has none")));
}

TEST(Schema, TextsBecomeWhatTheSchemaWants) {
  const auto schema = ConfigSchema::Parse(
      R"({"properties":{"create":{"type":"boolean"},"seconds":{"type":"integer"},
          "tags":{"type":"array"},"account":{"type":"string"},"any":{},
          "key":{"type":"object","writeOnly":true}}})",
      "flavor x");
  Json config = *ParseJson(
      R"({"create":"true","seconds":"3600","tags":"[\"a\"]","account":"123","any":"1","key":"{}"})");
  schema->ReadTexts(config);
  EXPECT_EQ(config, *ParseJson(R"({"create":true,"seconds":3600,"tags":["a"],"account":"123",
                                   "any":"1","key":"{}"})"));
  Json wrong = *ParseJson(R"({"create":"yes","seconds":"3600.5"})");
  schema->ReadTexts(wrong);
  EXPECT_EQ(schema->Check(wrong, "config")->size(), 2u);
}

TEST(Schema, NoValueIsEverShown) {
  for (const auto& v : Check(R"({"username":"u","password":"Sekret9"})")) {
    EXPECT_EQ(v.field, "config.password");
    EXPECT_THAT(v.description, Not(HasSubstr("Sekret9")));
  }
  const auto json = ParseConfigObject(R"({"password": "Sekret9)", "config");
  EXPECT_THAT(json.status().ToString(), Not(HasSubstr("Sekret9")));
}

TEST(Schema, SecretsAreFoundInAlternatives) {
  const auto schema = ConfigSchema::Parse(
      R"({"oneOf":[{"properties":{"a":{"writeOnly":true}}},{"properties":{"b":{}}}]})", "flavor x");
  EXPECT_TRUE(schema->properties().at("a").secret);
  EXPECT_FALSE(schema->properties().at("b").secret);
}

TEST(Schema, HugeAndDeepConfigsAreRefusedNotSuffered) {
  EXPECT_THAT(Check(R"({"username":"u","password":")" + std::string(1 << 20, 'a') + "\"}"),
              ElementsAre(Violates("config.password", "longer than 4096")));
  EXPECT_THAT(Check(R"({"username":"u","password":")" + std::string(4096, 'a') + "\"}"), IsEmpty());
  EXPECT_FALSE(Check(std::string(100'000, '[')).empty());
  EXPECT_FALSE(Check(R"({"a":)" + std::string(100'000, '[')).empty());
  EXPECT_THAT(Check("[]"), ElementsAre(Violates("config", "not an object")));
}

TEST(Schema, ABrokenSchemaIsTheFlavorsFault) {
  EXPECT_EQ(ReasonOf(ConfigSchema::Parse("[]", "flavor x").status()), reason::kFlavorMisbehaved);
  EXPECT_EQ(ReasonOf(ConfigSchema::Parse("{", "flavor x").status()), reason::kFlavorMisbehaved);
  for (const char* text : {R"({"type":"no-such-type"})", R"({"properties":{"a":{"minLength":-1}}})",
                           R"({"properties":{"a":{"$ref":"http://127.0.0.1/x"}}})",
                           R"({"properties":{"a":{"pattern":"("}}})"}) {
    const auto schema = ConfigSchema::Parse(text, "flavor x");
    ASSERT_TRUE(schema.ok());
    EXPECT_EQ(ReasonOf(schema->Check(*ParseJson(R"({"a":"x"})"), "config").status()),
              reason::kFlavorMisbehaved)
        << text;
  }
}

TEST(RepositoryName, LiesBelowItsRegistryOrIsRefused) {
  const auto uri = RegistryUri::Parse("docker.io/me");
  EXPECT_EQ(*RepositoryBelow(*uri, "app"), "me/app");
  EXPECT_EQ(*RepositoryBelow(*uri, "team/app"), "me/team/app");
  EXPECT_EQ(*RepositoryBelow(*uri, "docker.io/me/app"), "me/app");
  EXPECT_EQ(*RepositoryBelow(*uri, "index.docker.io/me/app"), "me/app");
  for (const char* look_alike :
       {"docker.io/meow/app", "docker.io/app", "docker.io.evil.example/me/app", "docker.io/me",
        "gcr.io/me/app", "localhost/me/app", "Docker.io:444/me/app", "my.team/app"}) {
    const absl::Status status = RepositoryBelow(*uri, look_alike).status();
    EXPECT_EQ(ReasonOf(status), reason::kInvalidReference) << look_alike;
    EXPECT_THAT(MessageOf(status), HasSubstr("does not belong to registry docker.io/me"));
  }
  for (const char* illegal :
       {"", "App", "a//b", "/a", "a/", "a:1", "a@b", "..", "a b", "docker.io/me/app:1.0"}) {
    EXPECT_EQ(ReasonOf(RepositoryBelow(*uri, illegal).status()), reason::kInvalidReference)
        << illegal;
  }
  EXPECT_TRUE(RepositoryBelow(*uri, std::string(255 - 13, 'a')).ok());
  EXPECT_FALSE(RepositoryBelow(*uri, std::string(256 - 13, 'a')).ok());
}

struct TransportCase {
  const char* uri;
  bool plain_http, has_ca;
  bool want_plain_http;
  const char* violated;  // field, or null
};

TEST(Transport, PlainHttpIsForLoopbackUnlessItIsAskedFor) {
  const std::string ca = fakes::MakeServerCertificate().ca_pem;
  const TransportCase cases[] = {
      {"localhost:5000", false, false, true, nullptr},
      {"https://localhost:5000", false, false, false, nullptr},
      {"localhost:5000", false, true, false, nullptr},
      {"registry.example", false, false, false, nullptr},
      {"registry.example", true, false, true, nullptr},
      {"http://registry.example", false, false, false, "uri"},
      {"http://registry.example", true, false, true, nullptr},
      {"http://127.0.0.1:1", false, false, true, nullptr},
      {"https://registry.example", true, false, true, "transport.plain_http"},
      {"registry.example", true, true, true, "transport.ca_certificate"},
  };
  for (const TransportCase& c : cases) {
    RegistryRecord record;
    record.plain_http = c.plain_http;
    if (c.has_ca) record.ca_certificate = ca;
    const auto violations = SettleTransport(*RegistryUri::Parse(c.uri), nullptr, record);
    EXPECT_EQ(record.plain_http, c.want_plain_http) << c.uri;
    EXPECT_EQ(violations.empty() ? "" : violations[0].field, c.violated ? c.violated : "") << c.uri;
  }
}

TEST(Transport, AnUpdateKeepsTheChoiceOfHttpsOnLoopback) {
  RegistryRecord stored, record;
  stored.uri = "localhost:5000";
  SettleTransport(*RegistryUri::Parse("localhost:5000/team"), &stored, record);
  EXPECT_FALSE(record.plain_http);
  SettleTransport(*RegistryUri::Parse("localhost:6000"), &stored, record);
  EXPECT_TRUE(record.plain_http);
}

TEST(Transport, CertificatesAreRead) {
  const std::string ca = fakes::MakeServerCertificate().ca_pem;
  EXPECT_FALSE(CheckCertificates(ca));
  EXPECT_FALSE(CheckCertificates("a comment\n" + ca + "\n" + ca + "\n"));
  EXPECT_TRUE(CheckCertificates("garbage"));
  EXPECT_TRUE(CheckCertificates(ca.substr(0, ca.size() / 2)));
  EXPECT_TRUE(CheckCertificates(ca + ca.substr(0, ca.size() / 2) + "-----END CERTIFICATE-----\n"));
  EXPECT_THAT(*CheckCertificates(ca + "-----BEGIN PRIVATE KEY-----\n"), HasSubstr("private key"));
}

}  // namespace
}  // namespace gantry

#include "plugins/sdk/json.h"

#include <gtest/gtest.h>

namespace gantry::sdk {
namespace {

TEST(Json, APathCanBeFollowedIntoNothing) {
  const Json json = Json::Parse(R"({"a": {"b": ["x", 7, true, null]}})");
  EXPECT_EQ(json["a"]["b"][size_t{0}].Text(), "x");
  EXPECT_EQ(json["a"]["b"][1].Integer(), 7);
  EXPECT_TRUE(json["a"]["b"][2].Boolean());
  EXPECT_FALSE(json["a"]["b"][3]);
  EXPECT_FALSE(json["a"]["b"][4]);
  EXPECT_FALSE(json["z"]["y"][size_t{0}]["x"]);
  EXPECT_EQ(json["a"]["b"].size(), 4u);
  EXPECT_EQ(Json::Parse(R"({"b": 1, "a": 2})").Keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(json["z"].size(), 0u);
}

TEST(Json, AnotherTypeIsEmpty) {
  const Json json = Json::Parse(R"({"n": 7, "s": "7", "d": 1.5})");
  EXPECT_EQ(json["n"].Text(), "");
  EXPECT_EQ(json["s"].Integer(), 0);
  EXPECT_EQ(json["d"].Integer(), 0);
  EXPECT_EQ(json["d"].Number(), 1.5);
  EXPECT_EQ(json["n"].Number(), 7.0);
  EXPECT_EQ(json["s"].Number(), 0.0);
  EXPECT_FALSE(json["s"].Boolean());
}

TEST(Json, AValueOutlivesItsDocument) {
  Json inner;
  { inner = Json::Parse(R"({"a": {"b": "kept"}})")["a"]; }
  EXPECT_EQ(inner["b"].Text(), "kept");
}

TEST(Json, NothingComesOfWhatIsNoJsonOrTooDeep) {
  EXPECT_FALSE(Json::Parse(""));
  EXPECT_FALSE(Json::Parse("{"));
  EXPECT_FALSE(Json::Parse("\"\xff\""));
  EXPECT_FALSE(Json::Parse("null"));
  EXPECT_FALSE(Json::Parse(std::string(100'000, '[')));
  EXPECT_FALSE(Json::Parse(std::string(65, '[') + std::string(65, ']')));
  EXPECT_TRUE(Json::Parse(std::string(64, '[') + std::string(64, ']')));
  EXPECT_TRUE(Json::Parse("{\"a\": \"" + std::string(1000, '[') + "\"}"));
}

TEST(Json, WritesWhatItRead) {
  EXPECT_EQ(Json::Parse(R"({"b": [1, "x"], "a": null})").Dump(), R"({"a":null,"b":[1,"x"]})");
  EXPECT_EQ(Json().Dump(), "null");
}

TEST(Json, QuotesWhateverTheBytes) {
  EXPECT_EQ(JsonQuote("a\"b\n"), R"("a\"b\n")");
  EXPECT_EQ(JsonQuote("\xff"), "\"\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace gantry::sdk

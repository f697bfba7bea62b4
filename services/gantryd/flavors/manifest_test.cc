#include "gantryd/flavors/manifest.h"

#include <gmock/gmock.h>

#include "base/status.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

const std::string kSum(64, 'a');

std::string Entry(const std::string& name, const std::string& file, const std::string& sum) {
  return fmt::format(R"({{"name": "{}", "file": "{}", "sha256": "{}", "abi": 1}})", name, file,
                     sum);
}

std::string List(const std::string& entries) { return "{\"flavors\": [" + entries + "]}"; }

TEST(FlavorManifest, IsSortedByName) {
  const auto entries =
      ParseFlavorManifest(List(Entry("github", "b.so", kSum) + "," + Entry("aws", "a.so", kSum)));
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].name, "aws");
  EXPECT_EQ((*entries)[0].file, "a.so");
  EXPECT_EQ((*entries)[0].sha256, kSum);
  EXPECT_EQ((*entries)[0].abi, 1);
  EXPECT_TRUE(ParseFlavorManifest(List(""))->empty());
}

TEST(FlavorManifest, RefusesWhatItDoesNotUnderstand) {
  const std::pair<std::string, std::string> kCases[] = {
      {"", "well-formed"},
      {"[]", "no list"},
      {"{\"flavors\": {}}", "no list"},
      {"{\"flavors\": [7]}", "no name"},
      {std::string(100'000, '['), "nested"},
      {List(Entry("Aws", "a.so", kSum)), "\"Aws\" is no name"},
      {List(Entry("../aws", "a.so", kSum)), "is no name"},
      {List(Entry("aws", "../a.so", kSum)), "plain file name"},
      {List(Entry("aws", "/lib/a.so", kSum)), "plain file name"},
      {List(Entry("aws", ".so", kSum)), "plain file name"},
      {List(Entry("aws", "a.txt", kSum)), "plain file name"},
      {List(Entry("aws", "a.so", "abc")), "sha256"},
      {List(Entry("aws", "a.so", std::string(64, 'A'))), "sha256"},
      {List(Entry("aws", "a.so", kSum) + "," + Entry("aws", "b.so", kSum)), "twice"},
      {List(Entry("aws", "a.so", kSum) + "," + Entry("gcp", "a.so", kSum)), "twice"}};
  for (const auto& [text, why] : kCases) {
    const auto entries = ParseFlavorManifest(text);
    ASSERT_FALSE(entries.ok()) << text.substr(0, 100);
    EXPECT_EQ(ReasonOf(entries.status()), reason::kFlavorNotLoaded);
    EXPECT_THAT(std::string(MessageOf(entries.status())), HasSubstr(why));
    EXPECT_FALSE(DetailOf(entries.status()).remedy.empty());
  }
}

}  // namespace
}  // namespace gantry

#include "plugins/sdk/http.h"

#include <gtest/gtest.h>

namespace gantry::sdk {
namespace {

TEST(SdkHttp, FindsAHeaderWhateverItsCase) {
  const HttpResponse response{200, {{"DOCKER-content-digest", "x"}, {"a", "1"}, {"A", "2"}}, ""};
  EXPECT_EQ(response.Header("Docker-Content-Digest"), "x");
  EXPECT_EQ(response.Header("a"), "1");
  EXPECT_FALSE(response.Header("b").has_value());
}

TEST(SdkHttp, EncodesEverythingButUnreservedCharacters) {
  EXPECT_EQ(UrlEncode("aZ9-._~"), "aZ9-._~");
  EXPECT_EQ(UrlEncode("a b/\xff+"), "a%20b%2F%FF%2B");
}

TEST(SdkHttp, FindsTheNextLinkAmongOthers) {
  const auto next = [](const std::string& link) {
    return NextLink({200, {{"Link", link}}, ""}).value_or("none");
  };
  EXPECT_EQ(next(R"(</v2/a/tags/list?last=b&n=2>; rel="next")"), "/v2/a/tags/list?last=b&n=2");
  EXPECT_EQ(next(R"(</first>; rel="first", </second?x=,y>; rel=next)"), "/second?x=,y");
  EXPECT_EQ(next(R"(</first>; rel="prev")"), "none");
  EXPECT_EQ(next("</open"), "none");
  EXPECT_EQ(next(""), "none");
  EXPECT_FALSE(NextLink({200, {}, ""}).has_value());
}

}  // namespace
}  // namespace gantry::sdk

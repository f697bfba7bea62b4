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

TEST(SdkHttp, ReadsWhereAUrlLeads) {
  const struct {
    const char *url, *authority, *host;
  } kCases[] = {{"https://registry.example.com:8443/v2/?a#b", "registry.example.com:8443",
                 "registry.example.com"},
                {"http://169.254.170.2", "169.254.170.2", "169.254.170.2"},
                {"https://sts.amazonaws.com?Action=x:1", "sts.amazonaws.com", "sts.amazonaws.com"},
                {"https://Host_1#x", "Host_1", "Host_1"},
                {"http://[fd00:ec2::23]/v1", "[fd00:ec2::23]", "[fd00:ec2::23]"},
                {"http://[::ffff:1.2.3.4]:80/v1", "[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]"}};
  for (const auto& expected : kCases) {
    EXPECT_EQ(AuthorityOf(expected.url), expected.authority);
    EXPECT_EQ(HostOf(expected.url), expected.host);
  }
}

TEST(SdkHttp, AUrlThatReadersCouldTakeForAnotherLeadsNowhere) {
  for (const char* url : {"",
                          "registry.example.com",
                          "ftp://registry.example.com",
                          "//registry.example.com",
                          "HTTPS://registry.example.com",
                          "https:///path",
                          "https://",
                          "https://:443/",
                          "https://user@registry.example.com/",
                          "http://localhost:x@evil.example/",
                          "https://sts.googleapis.com:443@evil.example/",
                          "https://evil.example\\.googleapis.com/",
                          "https://a b/",
                          "https://a%2eb/",
                          "https://a,b/",
                          "https://a~b/",
                          "https://h\xc3\xa4/",
                          "https://host:/",
                          "https://host:x/",
                          "https://host:1:2/",
                          "https://host:123456/",
                          "http://[::1",
                          "http://[::1]x/",
                          "http://[::1]]/",
                          "http://[]/",
                          "http://[fe80::1%25eth0]/",
                          "http://::1/",
                          "http://[localhost]/"}) {
    EXPECT_EQ(AuthorityOf(url), "") << url;
    EXPECT_EQ(HostOf(url), "") << url;
  }
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

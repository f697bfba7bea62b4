#include "oci/url.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

std::string Parsed(std::string_view text) {
  const auto url = Url::Parse(text);
  return url.ok() ? url->text() : "refused";
}

std::string Resolved(std::string_view reference) {
  const auto base = Url::Parse("https://r.example.com/v2/a/blobs/uploads/?x=/y");
  const auto url = base->Resolve(reference);
  return url.ok() ? url->text() : "refused";
}

TEST(UrlTest, KeepsPathAndQueryByteForByte) {
  EXPECT_EQ(Parsed("https://r.example.com/a%2Fb//c?_state=%7B%22&x=a+b/=="),
            "https://r.example.com/a%2Fb//c?_state=%7B%22&x=a+b/==");
}

TEST(UrlTest, HostAndDefaultPortAreCanonical) {
  EXPECT_EQ(Parsed("HTTPS://R.Example.COM:443"), "https://r.example.com/");
  EXPECT_EQ(Parsed("http://r:80/x#frag"), "http://r/x");
  EXPECT_EQ(Parsed("http://[::1]:5000/x"), "http://[::1]:5000/x");
  EXPECT_EQ(Parsed("https://r?q=1"), "https://r/?q=1");
}

TEST(UrlTest, RefusesWhatReadersDisagreeOn) {
  for (const std::string_view text :
       {"", "r.example.com/x", "ftp://r/x", "https://", "https://user@r/x", "https://u:p@r/x",
        "https://r:99999/", "https://r:0/", "https://r:8a/", "https://r /x", "https://r/\nx",
        "https://r\\evil/", "https://[::1/", "https://r%2eexample/", "file:///etc/passwd"}) {
    EXPECT_EQ(Parsed(text), "refused") << text;
  }
}

TEST(UrlTest, ResolvesReferences) {
  EXPECT_EQ(Resolved("https://s.example.com/x?y"), "https://s.example.com/x?y");
  EXPECT_EQ(Resolved("//s.example.com:8443/x"), "https://s.example.com:8443/x");
  EXPECT_EQ(Resolved("/v2/x?_state=a:b//c"), "https://r.example.com/v2/x?_state=a:b//c");
  EXPECT_EQ(Resolved("uuid?x=1"), "https://r.example.com/v2/a/blobs/uploads/uuid?x=1");
  EXPECT_EQ(Resolved("../uuid"), "https://r.example.com/v2/a/blobs/uuid");
  EXPECT_EQ(Resolved("/a/./b/../../../c/.."), "https://r.example.com/");
  EXPECT_EQ(Resolved("?n=2"), "https://r.example.com/v2/a/blobs/uploads/?n=2");
  EXPECT_EQ(Resolved(""), "https://r.example.com/v2/a/blobs/uploads/?x=/y");
  EXPECT_EQ(Resolved("mailto:x"), "refused");
  EXPECT_EQ(Resolved("/a b"), "refused");
}

}  // namespace
}  // namespace gantry

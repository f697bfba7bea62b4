#include "plugins/sdk/encoding.h"

#include <gtest/gtest.h>

namespace gantry::sdk {
namespace {

TEST(Encoding, Base64IsThatOfRfc4648) {
  const std::pair<std::string, std::string> kVectors[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {std::string("\xff\xfe\0", 3), "//4A"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(Base64(bytes), text);
    EXPECT_EQ(DecodeBase64(text), bytes);
    EXPECT_EQ(DecodeBase64(Base64Url(bytes)), bytes);
  }
  EXPECT_EQ(Base64Url("\xff\xfe"), "__4");
  EXPECT_EQ(DecodeBase64("Zg"), "f");
}

TEST(Encoding, WhatIsNoBase64IsNothing) {
  for (const char* text : {"Z", "Zg===", "Z g=", "Zg=x", "\xc3\xa4Zg"}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

TEST(Encoding, TrimsBlanksAndLineEnds) {
  EXPECT_EQ(Trim(" \t token with blanks\r\n"), "token with blanks");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(Encoding, HexIsLowerCase) { EXPECT_EQ(Hex("\x01\xab\xff"), "01abff"); }

TEST(Encoding, FormsKeepTheirOrderAndEscape) {
  EXPECT_EQ(FormEncode({{"grant_type", "urn:x"}, {"a b", "1&2=3"}, {"e", ""}}),
            "grant_type=urn%3Ax&a%20b=1%262%3D3&e=");
  EXPECT_EQ(FormEncode({}), "");
}

}  // namespace
}  // namespace gantry::sdk

#include "oci/token_grants.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace gantry {
namespace {

std::string Bearer(const std::string& claims) {
  return "Bearer e30." + Base64Encode(claims) + ".c2ln";
}

TEST(TokenGrants, NamesWhatTheAccessClaimAllows) {
  EXPECT_EQ(GrantsOf(Bearer(R"({"access":[
                {"type":"repository","name":"team/app","actions":["pull","push"]},
                {"type":"registry","name":"catalog","actions":["*"]}]})")),
            "repository:team/app:pull,push registry:catalog:*");
  EXPECT_EQ(GrantsOf(Bearer(R"({"access":[{"type":"repository","name":"a","actions":[]}]})")),
            "repository:a:nothing");
  EXPECT_EQ(GrantsOf(Bearer(R"({"access":[]})")), "nothing");
}

TEST(TokenGrants, SaysNothingOfWhatDoesNotTell) {
  for (const std::string& header :
       {std::string(), std::string("Basic bWU6cHc="), std::string("Bearer opaque"),
        std::string("Bearer a.b.c"), Bearer("{}"), Bearer("[]"), Bearer(R"({"access":7})")}) {
    EXPECT_EQ(GrantsOf(header), "") << header;
  }
  EXPECT_EQ(GrantsOf(Bearer(R"({"access":[7,"x",{"type":1}]})")), "::nothing");
}

}  // namespace
}  // namespace gantry

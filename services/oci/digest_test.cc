#include "oci/digest.h"

#include <gtest/gtest.h>

namespace gantry {
namespace {

// FIPS 180-2, appendix B.1.
constexpr char kAbc[] = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, OfKnownBytes) {
  EXPECT_EQ(Digest::Of("abc").text(), kAbc);
  EXPECT_EQ(Digest::Of("abc").hex().size(), 64U);
}

TEST(Digest, ParsesOnlySha256InLowerCase) {
  EXPECT_TRUE(Digest::Parse(kAbc).ok());
  for (const char* bad : {"", "sha256:", "sha256:zz", "abc", "sha512:00",
                          "SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                          "sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                          "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"}) {
    EXPECT_FALSE(Digest::Parse(bad).ok()) << bad;
  }
}

TEST(Sha256, GoesOnFromAMidstate) {
  Sha256 hash;
  hash.Update("a");
  Sha256 midstate = hash;
  hash.Update("zz");
  midstate.Update("bc");
  EXPECT_EQ(midstate.Finish().text(), kAbc);
  EXPECT_EQ(midstate.bytes(), 3);
  EXPECT_NE(hash.Finish().text(), kAbc);
}

}  // namespace
}  // namespace gantry

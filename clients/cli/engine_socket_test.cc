#include "clients/cli/engine_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"

namespace gantry::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(EngineSocket, IsDockersOwnOrTheOneThatIsNamed) {
  EXPECT_EQ(*EngineSocket(""), "/var/run/docker.sock");
  EXPECT_EQ(*EngineSocket("unix://"), "/var/run/docker.sock");
  EXPECT_EQ(*EngineSocket("unix:///run/user/1000/docker.sock"), "/run/user/1000/docker.sock");
}

TEST(EngineSocket, NoOtherEngineStandsInForTheOneThatIsNamed) {
  for (const auto& [host, scheme] :
       {std::pair("ssh://me:s3cret@build", "by ssh,"), std::pair("tcp://10.0.0.7:2376", "by tcp,"),
        std::pair("npipe:////./pipe/docker", "by npipe,"), std::pair("build:2375", "by tcp,"),
        std::pair("me:s3cret@://", "by tcp,"), std::pair("/run/docker.sock", "by tcp,")}) {
    const absl::Status status = EngineSocket(host).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << host;
    EXPECT_EQ(ReasonOf(status), reason::kSourceUnreadable) << host;
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(scheme));
    EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr("s3cret")));
    EXPECT_THAT(DetailOf(status).remedy, HasSubstr("docker save"));
  }
}

}  // namespace
}  // namespace gantry::cli

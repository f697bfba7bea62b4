#include "gantryd/credentials/credential_mint.h"

#include "gantryd/registries/manager_test_world.h"

namespace gantry {
namespace {

using absl::StatusCode;
using std::chrono::minutes;
using ::testing::HasSubstr;

// A registry "r" whose flavor makes credentials that live for an hour, or as long as a test says.
class CredentialMintTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.catalog.flavor("default").behaviour.authenticate =
        [this](const CallContext& call, InstanceHost&, const Target& target,
               Actions actions) -> absl::StatusOr<Credential> {
      asked_.push_back(target.repository);
      EXPECT_TRUE(actions.hand_out);
      EXPECT_FALSE(actions.push);
      if (!failure_.ok()) return failure_;
      Credential credential = made_;
      credential.username = fmt::format("user-{}", asked_.size());
      if (life_) credential.expires = call.clock().Mono() + *life_;
      return credential;
    };
    made_.scheme = Credential::Scheme::kBasic;
    made_.secret = Secret("token");
    world_.Connect("c", "right");
    RegistryRecord record = world_.Record("r", world_.host + "/team");
    record.connector = "c";
    world_.Register(record);
  }
  absl::StatusOr<PullCredential> Mint(const PullScope& scope) {
    const CallContext call(world_.clock, minutes(1), "test");
    return CredentialMint(world_.pool, allowed_).Mint(call, scope);
  }

  TestWorld world_;
  std::vector<std::string> allowed_, asked_;
  Credential made_;
  absl::Status failure_;
  std::optional<milliseconds> life_ = minutes(60);
};

TEST_F(CredentialMintTest, IsForOneRepositoryWithItsTrueExpiry) {
  const auto credential = Mint({.reference = "", .registry = "r", .repository = "app"});
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->registry_host, world_.host);
  EXPECT_EQ(credential->repository, "team/app");
  EXPECT_EQ(credential->username, "user-1");
  EXPECT_EQ(credential->password.Reveal(), "token");
  EXPECT_EQ(credential->expires, world_.clock.Now() + minutes(60));
  EXPECT_FALSE(credential->long_lived);
  EXPECT_EQ(asked_, std::vector<std::string>{"team/app"});
}

TEST_F(CredentialMintTest, NoneIsMadeOrTakenFromTheCacheOnceTheConnectorHasExpired) {
  ConnectorRecord connector = *world_.store.GetConnector("c");
  connector.expires = world_.clock.Now() + minutes(10);
  connector.expires_skew_tolerance = std::chrono::seconds(0);
  ASSERT_TRUE(world_.store.UpdateConnector(connector).ok());
  const PullScope scope{.reference = "", .registry = "r", .repository = "app"};
  const auto credential = Mint(scope);
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->expires, world_.clock.Now() + minutes(60)) << "that is how long it works";

  world_.clock.Advance(minutes(10));
  EXPECT_THAT(Mint(scope).status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kConnectorExpired));
}

TEST_F(CredentialMintTest, TakesAReferenceInPlaceOfARegistry) {
  const auto credential =
      Mint({.reference = world_.host + "/team/app:1", .registry = "", .repository = ""});
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_EQ(credential->registry, "r");
  EXPECT_EQ(credential->repository, "team/app");
  EXPECT_THAT(Mint({.reference = "gcr.io/x/y", .registry = "", .repository = ""}).status(),
              FailsWith(StatusCode::kNotFound, reason::kRegistryNotFound));
  EXPECT_THAT(Mint({}).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidArgument));
  EXPECT_THAT(Mint({.reference = "a/b", .registry = "r", .repository = ""}).status(),
              FailsWith(StatusCode::kInvalidArgument, reason::kInvalidArgument));
}

TEST_F(CredentialMintTest, GivesCopiesForThreeQuartersOfItsLife) {
  const PullScope scope{.reference = "", .registry = "r", .repository = "app"};
  EXPECT_EQ(Mint(scope)->username, "user-1");
  world_.clock.Advance(minutes(44));
  EXPECT_EQ(Mint(scope)->username, "user-1");
  world_.clock.Advance(minutes(1));
  EXPECT_EQ(Mint(scope)->username, "user-2");
  EXPECT_EQ(Mint({.reference = "", .registry = "r", .repository = "other"})->username, "user-3");
}

TEST_F(CredentialMintTest, ALongLivedSecretNeedsTheOperatorsLeave) {
  for (const std::optional<milliseconds> life :
       {std::optional<milliseconds>(), std::optional<milliseconds>(std::chrono::hours(25))}) {
    life_ = life;
    allowed_.clear();
    const auto refused = Mint({.reference = "", .registry = "r", .repository = "app"});
    EXPECT_THAT(refused.status(),
                FailsWith(StatusCode::kFailedPrecondition, reason::kLongLivedCredential));
    EXPECT_THAT(DetailOf(refused.status()).remedy,
                HasSubstr("--allow-long-lived-credentials default"));
    allowed_ = {"default"};
    const auto credential = Mint({.reference = "", .registry = "r", .repository = "app"});
    ASSERT_TRUE(credential.ok()) << credential.status();
    EXPECT_TRUE(credential->long_lived);
  }
}

TEST_F(CredentialMintTest, IsAsNarrowAsTheFlavorSays) {
  const PullScope app{.reference = "", .registry = "r", .repository = "app"};
  EXPECT_FALSE(Mint(app)->read_only) << "what is not marked is wide";
  EXPECT_FALSE(Mint(app)->one_repository);
  made_.read_only = made_.one_repository = true;
  const PullScope other{.reference = "", .registry = "r", .repository = "other"};
  EXPECT_TRUE(Mint(other)->read_only);
  EXPECT_TRUE(Mint(other)->one_repository);
  const PullScope all{.reference = "", .registry = "r", .repository = ""};
  EXPECT_TRUE(Mint(all)->read_only);
  EXPECT_FALSE(Mint(all)->one_repository) << "no repository was named";
}

TEST_F(CredentialMintTest, ARegistryWithoutLoginNeedsNoCredential) {
  made_ = Credential();
  const auto credential = Mint({.reference = "", .registry = "r", .repository = "app"});
  ASSERT_TRUE(credential.ok()) << credential.status();
  EXPECT_TRUE(credential->username.empty());
  EXPECT_TRUE(credential->password.empty());
}

TEST_F(CredentialMintTest, AFailureIsTheFlavors) {
  failure_ = PermissionDenied(reason::kUpstreamDenied, "the role is missing");
  EXPECT_THAT(Mint({.reference = "", .registry = "r", .repository = "app"}).status(),
              FailsWith(StatusCode::kPermissionDenied, reason::kUpstreamDenied));
}

}  // namespace
}  // namespace gantry

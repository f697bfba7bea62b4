// From an older schema to this one; what is newer or foreign is left as it is.
#include "store/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/test_state_dir.h"
#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using ::testing::HasSubstr;

const SchemaStep kFirst = {"CREATE TABLE fruit (name TEXT PRIMARY KEY)"};
const SchemaStep kSecond = {"ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'",
                            "CREATE INDEX fruit_by_colour ON fruit(colour)"};

constexpr char kHasColour[] = "SELECT 'x' FROM pragma_table_info('fruit') WHERE name = 'colour'";

class Migrations : public ::testing::Test {
 protected:
  absl::Status MigrateTo(const std::vector<SchemaStep>& steps) {
    return Migrate(*db_, steps, WallTime{}, backup_);
  }
  // The first column of the first row, or "none".
  static std::string Ask(Db& db, const std::string& query) {
    std::string answer = "none";
    const absl::Status s = db.Read("ask", [&](soci::session& sql) {
      soci::statement select = (sql.prepare << query, soci::into(answer));
      if (!select.execute(true)) answer = "none";
      return absl::OkStatus();
    });
    return s.ok() ? answer : std::string(MessageOf(s));
  }
  void Write(const std::string& statement) {
    const absl::Status s = db_->Write("write", [&](soci::session& sql) {
      sql << statement;
      return absl::OkStatus();
    });
    ASSERT_TRUE(s.ok()) << s;
  }

  StateDir dir_;
  const std::string backup_ = dir_.File("backup");
  std::unique_ptr<Db> db_ = *Db::OpenSqlite(dir_.File("db"));
};

TEST_F(Migrations, AnOlderStoreKeepsItsRowsAndLeavesABackup) {
  ASSERT_TRUE(MigrateTo({kFirst}).ok());
  EXPECT_FALSE(std::filesystem::exists(backup_)) << "nothing to save on the first start";
  Write("INSERT INTO fruit VALUES ('pear')");
  ASSERT_TRUE(MigrateTo({kFirst, kSecond}).ok());
  EXPECT_EQ(Ask(*db_, "SELECT name || ' ' || colour FROM fruit"), "pear green");

  EXPECT_EQ(std::filesystem::status(backup_).permissions(), std::filesystem::perms(0600));
  const auto backup = Db::OpenSqlite(backup_);
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(Ask(**backup, "SELECT name FROM fruit"), "pear");
  EXPECT_EQ(Ask(**backup, kHasColour), "none");
  ASSERT_TRUE(MigrateTo({kFirst, kSecond}).ok()) << "again, and nothing is left to do";
}

TEST_F(Migrations, ANewerStoreIsRefusedAndNotTouched) {
  ASSERT_TRUE(MigrateTo({kFirst, kSecond}).ok());
  const absl::Status s = MigrateTo({kFirst});
  EXPECT_THAT(s, FailsWith(absl::StatusCode::kUnavailable, reason::kStoreUnavailable));
  EXPECT_THAT(std::string(MessageOf(s)), HasSubstr("has schema 2, this program knows 1"));
  EXPECT_THAT(DetailOf(s).remedy, HasSubstr("newer gantryd"));
  EXPECT_TRUE(MigrateTo({kFirst, kSecond}).ok());
}

TEST_F(Migrations, AnotherHistoryIsRefused) {
  ASSERT_TRUE(MigrateTo({kFirst}).ok());
  const absl::Status s = MigrateTo({kSecond});
  EXPECT_THAT(s, FailsWith(absl::StatusCode::kUnavailable, reason::kStoreUnavailable));
  EXPECT_THAT(std::string(MessageOf(s)), HasSubstr("step 1"));
}

TEST_F(Migrations, AStepThatIsCutOffIsDoneAgain) {
  ASSERT_TRUE(MigrateTo({kFirst}).ok());
  SchemaStep cut_off = kSecond;
  cut_off.push_back("this is no SQL");
  EXPECT_FALSE(MigrateTo({kFirst, cut_off}).ok());
  EXPECT_EQ(Ask(*db_, kHasColour), "none");
  EXPECT_TRUE(MigrateTo({kFirst, kSecond}).ok());
}

// A step that was released stays as it is: stores out there were made by it.
TEST_F(Migrations, TheStepsOfThisProgramAreThoseThatWereReleased) {
  ASSERT_TRUE(MigrateTo(SchemaSteps()).ok());
  EXPECT_EQ(Ask(*db_, "SELECT checksum FROM schema_version WHERE version = 1"),
            "a8555d344f361c667e4d49b257e85ec02b956f45681d83b30cf459a45ac54d22");
}

}  // namespace
}  // namespace gantry

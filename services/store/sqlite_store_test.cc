// What only the store on disk promises: it lasts, it is one daemon's, and it shows no secret.
#include "store/sqlite_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "store/records.h"
#include "store/test_state_dir.h"
#include "tests/fakes/status_matchers.h"

namespace gantry {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;
using Kind = RequestState::Kind;

ConnectorRecord Connector(const std::string& name) {
  ConnectorRecord record;
  record.name = name;
  record.secrets.emplace("password", Secret("the-secret-of-" + name));
  return record;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> Open() {
    auto store = dir_.Open(clock_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  absl::Status OpenFails() { return dir_.Open(clock_).status(); }
  // A statement past the store, as somebody with the file could run it.
  void Tamper(const std::string& statement) {
    auto db = Db::OpenSqlite(dir_.File("gantry.db"));
    ASSERT_TRUE(db.ok());
    const absl::Status s = (*db)->Write("tamper", [&](soci::session& sql) {
      sql << statement;
      return absl::OkStatus();
    });
    ASSERT_TRUE(s.ok()) << s;
  }
  // When the store on disk says that this layer was last used.
  WallTime UseTime(const std::string& diff_id) const {
    long long micros = 0;
    const auto db = Db::OpenSqlite(dir_.File("gantry.db"));
    EXPECT_TRUE(db.ok());
    const absl::Status s = (*db)->Read("use time", [&](soci::session& sql) {
      sql << "SELECT use_time FROM layer WHERE diff_id = :d", soci::use(diff_id),
          soci::into(micros);
      return absl::OkStatus();
    });
    EXPECT_TRUE(s.ok()) << s;
    return FromMicros(micros);
  }

  StateDir dir_;
  ManualClock clock_;
};

TEST_F(SqliteStoreTest, WhatWasWrittenIsThereAfterTheNextStart) {
  ASSERT_TRUE(Open()->CreateConnector(Connector("c")).ok());
  EXPECT_EQ(Open()->GetConnector("c")->secrets.at("password").Reveal(), "the-secret-of-c");
}

TEST_F(SqliteStoreTest, NoFileHoldsASecretAndNobodyElseReadsAny) {
  const auto store = Open();
  ASSERT_TRUE(store->CreateConnector(Connector("c")).ok());
  struct stat info {};
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes.find("the-secret-of-c"), bytes.npos) << entry.path();
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077, 0u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3) << "database, key, lock";
}

TEST_F(SqliteStoreTest, ASecretOpensInItsOwnRowAlone) {
  {
    const auto store = Open();
    ASSERT_TRUE(store->CreateConnector(Connector("mine")).ok());
    ASSERT_TRUE(store->CreateConnector(Connector("yours")).ok());
  }
  Tamper(
      "UPDATE connector_secret SET sealed = (SELECT sealed FROM connector_secret"
      " WHERE connector = 'yours') WHERE connector = 'mine'");
  EXPECT_THAT(Open()->GetConnector("mine").status(),
              FailsWith(StatusCode::kFailedPrecondition, reason::kSealingKey));
}

TEST_F(SqliteStoreTest, WritesGoToALogFirst) {
  Open();
  std::string mode;
  const auto db = Db::OpenSqlite(dir_.File("gantry.db"));
  ASSERT_TRUE(db.ok()) << db.status();
  ASSERT_TRUE((*db)
                  ->Read("mode",
                         [&](soci::session& sql) {
                           sql << "PRAGMA journal_mode", soci::into(mode);
                           return absl::OkStatus();
                         })
                  .ok());
  EXPECT_EQ(mode, "wal");
}

TEST_F(SqliteStoreTest, WithoutSuchALogItDoesNotStart) {
  // What SQLite calls so has none, whatever it is asked for.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  const absl::Status s = Db::OpenSqlite(":memory:").status();
  std::filesystem::current_path(before);
  EXPECT_THAT(s, FailsWith(StatusCode::kUnavailable, reason::kStoreUnavailable));
  EXPECT_THAT(std::string(MessageOf(s)), HasSubstr("SQLite says 'memory'"));
  EXPECT_THAT(DetailOf(s).remedy, HasSubstr("local disk"));
}

TEST_F(SqliteStoreTest, ASecondDaemonIsRefusedAndToldWhoHasTheDirectory) {
  {
    const auto first = Open();
    const absl::Status second = OpenFails();
    EXPECT_THAT(second, FailsWith(StatusCode::kUnavailable, reason::kStoreUnavailable));
    EXPECT_THAT(std::string(MessageOf(second)), HasSubstr(std::to_string(getpid())));
  }
  EXPECT_TRUE(dir_.Open(clock_).ok());
}

TEST_F(SqliteStoreTest, AnotherKeyDoesNotStart) {
  Open();
  std::filesystem::rename(dir_.File("sealing.key"), dir_.File("kept"));
  const absl::Status lost = OpenFails();  // it made itself a new one
  EXPECT_THAT(lost, FailsWith(StatusCode::kFailedPrecondition, reason::kSealingKey));
  EXPECT_THAT(DetailOf(lost).remedy, HasSubstr("sealing key"));
  std::filesystem::rename(dir_.File("kept"), dir_.File("sealing.key"));
  EXPECT_TRUE(dir_.Open(clock_).ok());
}

TEST_F(SqliteStoreTest, ADamagedDatabaseDoesNotStart) {
  {
    const auto store = Open();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(store->CreateConnector(Connector("c" + std::to_string(i))).ok());
    }
  }
  const auto size = std::filesystem::file_size(dir_.File("gantry.db"));
  std::fstream file(dir_.File("gantry.db"), std::ios::in | std::ios::out | std::ios::binary);
  for (auto at = size / 2; at < size; at += 512) {
    file.seekp(static_cast<std::streamoff>(at));
    file << std::string(256, '\xA5');
  }
  file.close();
  const absl::Status torn = OpenFails();
  EXPECT_THAT(torn, FailsWith(StatusCode::kDataLoss, reason::kStoreCorrupt));
  EXPECT_THAT(DetailOf(torn).remedy, HasSubstr("backup"));
  EXPECT_THAT(std::string(MessageOf(torn)), HasSubstr(dir_.File("gantry.db")));

  std::ofstream(dir_.File("gantry.db")) << std::string(8192, 'x');
  EXPECT_THAT(OpenFails(), FailsWith(StatusCode::kDataLoss, reason::kStoreCorrupt));
}

TEST_F(SqliteStoreTest, AStateDirectoryThatCannotBeMadeIsSaid) {
  std::ofstream(dir_.File("file")) << "no directory";
  const absl::Status s =
      SqliteStore::Open({.directory = dir_.File("file/state"), .clock = &clock_, .key_file = ""})
          .status();
  EXPECT_THAT(s, FailsWith(StatusCode::kUnavailable, reason::kStoreFull));
  EXPECT_THAT(DetailOf(s).remedy, HasSubstr("--state-dir"));
}

TEST_F(SqliteStoreTest, WorkThatThrowsIsUndoneAndEndsItsTransaction) {
  auto db = Db::OpenSqlite(dir_.File("own.db"));
  ASSERT_TRUE(db.ok()) << db.status();
  const auto write = [&](const char* statement, bool throws) {
    return (*db)->Write("write", [&](soci::session& sql) {
      sql << statement;
      if (throws) throw std::bad_alloc();
      return absl::OkStatus();
    });
  };
  EXPECT_THAT(write("CREATE TABLE t (n INTEGER)", true),
              FailsWith(StatusCode::kInternal, reason::kInternal));
  EXPECT_TRUE(write("CREATE TABLE t (n INTEGER)", false).ok());
}

TEST_F(SqliteStoreTest, AFullDiskIsSaidAndReadsGoOn) {
  const auto store = Open();
  ASSERT_TRUE(store->CreateConnector(Connector("before")).ok());
  {
    const FullDisk full;
    const absl::Status s = store->CreateConnector(Connector("during")).status();
    EXPECT_THAT(s, FailsWith(StatusCode::kUnavailable, reason::kStoreFull));
    EXPECT_THAT(DetailOf(s).remedy, HasSubstr("make room"));
    EXPECT_TRUE(store->GetConnector("before").ok());
  }
  EXPECT_FALSE(store->GetConnector("during").ok());
  EXPECT_TRUE(store->CreateConnector(Connector("after")).ok());
}

TEST_F(SqliteStoreTest, AStateThatIsTakenAwayIsNoticed) {
  const auto store = Open();
  const std::string file = dir_.File("gantry.db"), moved = dir_.File("moved");
  std::filesystem::rename(file, moved);
  const absl::Status gone = store->Check();
  EXPECT_THAT(gone, FailsWith(StatusCode::kUnavailable, reason::kStoreUnavailable));
  EXPECT_NE(DetailOf(gone).remedy, "");
  std::filesystem::copy_file(moved, file);
  EXPECT_THAT(std::string(MessageOf(store->Check())), HasSubstr("another one"));
  std::filesystem::rename(moved, file);
  EXPECT_TRUE(store->Check().ok());
}

TEST_F(SqliteStoreTest, OnlyADirectoryThatItMadeGetsItsRights) {
  const auto open = [&](const std::string& directory) {
    return SqliteStore::Open({.directory = directory, .clock = &clock_, .key_file = ""}).status();
  };
  const auto rights = [](const std::string& directory) {
    struct stat info {};
    stat(directory.c_str(), &info);
    return info.st_mode & 07777;
  };
  EXPECT_TRUE(open(dir_.File("a/b")).ok());
  EXPECT_EQ(rights(dir_.File("a/b")), 0700u);

  std::filesystem::create_directory(dir_.File("volume"));
  ASSERT_EQ(chmod(dir_.File("volume").c_str(), 02770), 0);
  EXPECT_TRUE(open(dir_.File("volume")).ok());
  EXPECT_EQ(rights(dir_.File("volume")), 02770u);

  ASSERT_EQ(chmod(dir_.File("volume").c_str(), 01777), 0);
  const absl::Status everybody = open(dir_.File("volume"));
  EXPECT_THAT(everybody, FailsWith(StatusCode::kUnavailable, reason::kStoreUnavailable));
  EXPECT_THAT(DetailOf(everybody).remedy, HasSubstr("chmod o-w"));
  EXPECT_EQ(rights(dir_.File("volume")), 01777u);
}

TEST_F(SqliteStoreTest, ARequestIdIsOursThenRunningThenDone) {
  const auto store = Open();
  EXPECT_EQ(store->BeginRequest("id", "Push", "h")->kind, Kind::kNew);
  EXPECT_EQ(store->BeginRequest("id", "Push", "h")->kind, Kind::kInProgress);
  EXPECT_EQ(store->BeginRequest("id", "Push", "other")->kind, Kind::kReused);
  EXPECT_EQ(store->BeginRequest("id", "Other", "h")->kind, Kind::kReused);
  const std::string answer("\0\xff answer", 9);
  ASSERT_TRUE(store->FinishRequest("id", answer).ok());
  EXPECT_EQ(store->BeginRequest("id", "Push", "h")->response, answer);
  EXPECT_EQ(store->BeginRequest("id", "Push", "other")->kind, Kind::kReused);

  EXPECT_EQ(store->BeginRequest("failed", "Push", "h")->kind, Kind::kNew);
  ASSERT_TRUE(store->AbandonRequest("failed").ok());
  EXPECT_EQ(store->BeginRequest("failed", "Push", "another")->kind, Kind::kNew);

  clock_.Advance(std::chrono::hours(25));
  EXPECT_EQ(store->BeginRequest("id", "Push", "other")->kind, Kind::kNew) << "a day later";
}

TEST_F(SqliteStoreTest, ARequestThatADeadDaemonLeftIsTakenOver) {
  EXPECT_EQ(Open()->BeginRequest("id", "Push", "h")->kind, Kind::kNew);
  const auto store = Open();
  EXPECT_EQ(store->BeginRequest("id", "Push", "h")->kind, Kind::kNew);
  EXPECT_EQ(store->BeginRequest("id", "Push", "h")->kind, Kind::kInProgress);
}

TEST_F(SqliteStoreTest, RemembersWhatALayerWasCompressedTo) {
  const auto store = Open();
  EXPECT_FALSE(store->FindLayer("sha256:d", "gzip").has_value());
  store->RememberLayer("sha256:d", "gzip", {"sha256:x", 1});
  store->RememberLayer("sha256:d", "gzip", {"sha256:c", 7});
  EXPECT_EQ(store->FindLayer("sha256:d", "gzip")->digest, "sha256:c");
  EXPECT_EQ(store->FindLayer("sha256:d", "gzip")->size, 7);
  EXPECT_FALSE(store->FindLayer("sha256:d", "zstd").has_value());
  EXPECT_TRUE(store->Check().ok());
}

TEST_F(SqliteStoreTest, LayersThatAreUsedAreKeptBeforeThoseThatAreNot) {
  const auto store = Open();
  for (const char* layer : {"used", "unused"}) store->RememberLayer(layer, "gzip", {"d", 1});
  clock_.Advance(std::chrono::hours(1));
  EXPECT_TRUE(store->FindLayer("used", "gzip").has_value());
  // As many as are kept, half an hour old.
  Tamper(
      fmt::format("INSERT INTO layer WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                  " WHERE i < 100000) SELECT 'layer' || i, 'gzip', 'd', 1, {} FROM n",
                  ToMicros(clock_.Now() - std::chrono::minutes(30))));
  store->RememberLayer("new", "gzip", {"d", 1});
  EXPECT_FALSE(store->FindLayer("unused", "gzip").has_value());
  for (const char* layer : {"used", "layer1", "layer100000", "new"}) {
    EXPECT_TRUE(store->FindLayer(layer, "gzip").has_value()) << layer;
  }
}

TEST_F(SqliteStoreTest, ALayersUseIsWrittenOnceAnHour) {
  const auto store = Open();
  store->RememberLayer("layer", "gzip", {"d", 1});
  const WallTime start = clock_.Now();
  clock_.Advance(std::chrono::minutes(59));
  EXPECT_TRUE(store->FindLayer("layer", "gzip").has_value());
  EXPECT_EQ(UseTime("layer"), start);
  clock_.Advance(std::chrono::minutes(1));
  {
    const FullDisk full;
    EXPECT_TRUE(store->FindLayer("layer", "gzip").has_value()) << "without its use being written";
  }
  EXPECT_EQ(UseTime("layer"), start);
  EXPECT_TRUE(store->FindLayer("layer", "gzip").has_value());
  EXPECT_EQ(UseTime("layer"), start + std::chrono::hours(1));
}

// Writes connectors for ever, and says the number of each once it is acknowledged.
[[noreturn]] void WriteUntilKilled(const StateDir& dir, const Clock& clock, int first, int report) {
  const auto store = dir.Open(clock);
  for (int i = first; store.ok(); ++i) {
    if (!(*store)->CreateConnector(Connector(std::to_string(i))).ok()) break;
    if (write(report, &i, sizeof i) != sizeof i) break;
  }
  _exit(1);
}

TEST_F(SqliteStoreTest, Kill9AtAnyPointLosesNoAcknowledgedWrite) {
  constexpr int kRounds = 25;
  int next = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t writer = fork();
    if (writer == 0) WriteUntilKilled(dir_, clock_, next, ends[1]);
    close(ends[1]);
    int acknowledged = -1;
    // Each round dies after another number of writes, in the middle of the next one.
    for (int i = 0; i <= round && read(ends[0], &acknowledged, sizeof acknowledged) > 0; ++i) {
    }
    kill(writer, SIGKILL);
    while (read(ends[0], &acknowledged, sizeof acknowledged) > 0) {
    }
    close(ends[0]);
    int status = 0;
    waitpid(writer, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself in round " << round;
    const auto store = dir_.Open(clock_);
    ASSERT_TRUE(store.ok()) << store.status();
    for (int i = 0; i <= acknowledged; ++i) {
      ASSERT_TRUE((*store)->GetConnector(std::to_string(i)).ok()) << "lost " << i;
    }
    // One more may have been kept just before it could be acknowledged.
    next = acknowledged + 1;
    if ((*store)->GetConnector(std::to_string(next)).ok()) ++next;
  }
}

}  // namespace
}  // namespace gantry

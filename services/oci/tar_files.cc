#include "oci/tar_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <mutex>
#include <stop_token>
#include <utility>

#include "base/status.h"
#include "oci/compression.h"
#include "oci/file_reader.h"
#include "oci/gzip_reader.h"
#include "oci/skip_bytes.h"
#include "oci/tar_reader.h"

namespace gantry {
namespace {

constexpr int kMaxLinks = 32;
constexpr size_t kMagicBytes = 4;           // FileInfo::head
constexpr size_t kKeptFileBytes = 64 << 10;  // small files of a stream are kept, as long as all
constexpr size_t kKeptBytes = 16 << 20;      // of them together are not longer than this

absl::Status Truncated() {
  return InvalidArgument(reason::kSourceInvalid, "the tar is truncated")
      .Remedy("save or copy the image again");
}

// Forward only, counting; what is skipped is read and thrown away.
class StreamInput final : public TarInput {
 public:
  StreamInput(const CallContext& call, std::unique_ptr<ByteReader> reader)
      : opener_(call.stop_token()), reader_(std::move(reader)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, reader_->Read(buffer));
    position_ += static_cast<int64_t>(n);
    return n;
  }
  absl::Status Skip(const CallContext& call, int64_t bytes) override {
    GANTRY_ASSIGN_OR_RETURN(const int64_t skipped, SkipBytes(call, *reader_, bytes));
    position_ += skipped;
    return skipped == bytes ? absl::OkStatus() : Truncated();
  }
  int64_t position() const { return position_; }
  // A stream ends with the call that it was opened for, and serves no other.
  bool Serves(const CallContext& call) const { return call.stop_token() == opener_; }

 private:
  const std::stop_token opener_;  // unlike the call's address, no later call's
  const std::unique_ptr<ByteReader> reader_;
  int64_t position_ = 0;
};

// A plain file: skipping costs nothing.
class FileInput final : public TarInput {
 public:
  FileInput(std::shared_ptr<UniqueFd> fd, int64_t size)
      : reader_(std::move(fd), 0, size), left_(size) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, reader_.Read(buffer));
    left_ -= static_cast<int64_t>(n);
    return n;
  }
  absl::Status Skip(const CallContext&, int64_t bytes) override {
    if (bytes > left_) return Truncated();
    reader_.Skip(bytes);
    left_ -= bytes;
    return absl::OkStatus();
  }

 private:
  FileReader reader_;
  int64_t left_;
};

// Name → place, by one scan.
class TarFiles : public FileSet {
 public:
  explicit TarFiles(std::string name) : name_(std::move(name)) {}

  absl::StatusOr<std::optional<FileInfo>> Find(const CallContext& call,
                                               const std::string& name) override {
    GANTRY_RETURN_IF_ERROR(Index(call));
    const Place* place = Resolve(name);
    if (!place) return std::optional<FileInfo>();
    return FileInfo{.size = place->size, .rank = place->offset,
                    .head = place->head.substr(0, kMagicBytes)};
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext& call, const std::string& name,
                                                   int64_t offset) override {
    GANTRY_RETURN_IF_ERROR(Index(call));
    const Place* place = Resolve(name);
    if (!place || offset > place->size) return NoSuchFile(name_, name);
    if (static_cast<int64_t>(place->head.size()) == place->size) {
      return std::make_unique<StringReader>(place->head.substr(static_cast<size_t>(offset)));
    }
    return OpenAt(call, place->offset + offset, place->size - offset);
  }

  const std::string& name() const override { return name_; }

 protected:
  // How much of each file the scan keeps.
  virtual size_t head_bytes() const { return kMagicBytes; }
  virtual absl::StatusOr<std::unique_ptr<TarInput>> Start(const CallContext& call) = 0;
  virtual absl::StatusOr<std::unique_ptr<ByteReader>> OpenAt(const CallContext& call,
                                                             int64_t offset, int64_t size) = 0;

 private:
  // Of a file, or of a link and what it leads to.
  struct Place {
    int64_t size = 0, offset = 0;
    std::string head;  // the first bytes, or all
    bool is_link = false;
    std::string target;
  };

  absl::Status Index(const CallContext& call) {
    std::lock_guard lock(mu_);
    if (indexed_) return absl::OkStatus();
    auto input = Start(call);
    if (!input.ok()) return input.status();
    places_.clear();
    size_t kept = 0;
    const auto add = [&](const TarEntry& entry, std::string head) {
      if (entry.name.empty() || entry.type == TarEntry::Type::kOther) return absl::OkStatus();
      const bool is_whole = static_cast<int64_t>(head.size()) == entry.size;
      if (!is_whole || kept + head.size() > kKeptBytes) head = head.substr(0, kMagicBytes);
      kept += head.size();
      const bool is_link = entry.type == TarEntry::Type::kLink;
      // As tar unpacks: the last one of a name stays.
      places_[entry.name] = {entry.size, entry.offset, std::move(head), is_link, entry.target};
      return absl::OkStatus();
    };
    const absl::Status scanned = ScanTar(call, **input, head_bytes(), add);
    if (!scanned.ok()) return Annotate(scanned, name_);
    indexed_ = true;
    return absl::OkStatus();
  }

  const Place* Resolve(const std::string& name) const {
    std::string at = CleanPath(name).value_or("");
    for (int links = 0; links < kMaxLinks; ++links) {
      const auto it = places_.find(at);
      if (it == places_.end()) return nullptr;
      if (!it->second.is_link) return &it->second;
      at = it->second.target;
    }
    return nullptr;
  }

  const std::string name_;
  std::mutex mu_;
  bool indexed_ = false;
  std::map<std::string, Place> places_;  // by name; written once, by the first Find
};

class PlainTar final : public TarFiles {
 public:
  PlainTar(std::string path, UniqueFd fd, int64_t size)
      : TarFiles(std::move(path)), fd_(std::make_shared<UniqueFd>(std::move(fd))), size_(size) {}

 private:
  absl::StatusOr<std::unique_ptr<TarInput>> Start(const CallContext&) override {
    return std::make_unique<FileInput>(fd_, size_);
  }
  absl::StatusOr<std::unique_ptr<ByteReader>> OpenAt(const CallContext&, int64_t offset,
                                                     int64_t size) override {
    return std::make_unique<FileReader>(fd_, offset, size);
  }

  const std::shared_ptr<UniqueFd> fd_;
  const int64_t size_;
};

// Keeps the stream where the last reader left it: what lies ahead is reached by going on, what lies
// behind, and what another call wants, by starting over.
class StreamTar final : public TarFiles {
 public:
  StreamTar(std::string name, OpenStream open) : TarFiles(std::move(name)), open_(std::move(open)) {}
  int max_parallel_reads() const override { return 1; }

 private:
  class Reader final : public ByteReader {
   public:
    Reader(StreamTar& tar, std::unique_ptr<StreamInput> input, int64_t left)
        : tar_(tar), input_(std::move(input)), left_(left) {}
    ~Reader() override {
      if (failed_) return;
      std::lock_guard lock(tar_.idle_mu_);
      tar_.idle_ = std::move(input_);
    }
    absl::StatusOr<size_t> Read(std::span<char> buffer) override {
      const auto want = static_cast<size_t>(
          std::min<int64_t>(left_, static_cast<int64_t>(buffer.size())));
      if (want == 0) return 0;
      const auto n = input_->Read(buffer.first(want));
      failed_ = !n.ok();
      if (n.ok()) left_ -= static_cast<int64_t>(*n);
      return n;
    }

   private:
    StreamTar& tar_;
    std::unique_ptr<StreamInput> input_;
    int64_t left_;
    bool failed_ = false;
  };

  // A manifest and a config then take no pass of their own.
  size_t head_bytes() const override { return kKeptFileBytes; }
  absl::StatusOr<std::unique_ptr<TarInput>> Start(const CallContext& call) override {
    GANTRY_ASSIGN_OR_RETURN(auto stream, open_(call));
    return std::make_unique<StreamInput>(call, std::move(stream));
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> OpenAt(const CallContext& call, int64_t offset,
                                                     int64_t size) override {
    std::unique_ptr<StreamInput> input;
    {
      std::lock_guard lock(idle_mu_);
      if (idle_ && idle_->Serves(call) && idle_->position() <= offset) input = std::move(idle_);
      idle_.reset();
    }
    if (!input) {
      GANTRY_ASSIGN_OR_RETURN(auto stream, open_(call));
      input = std::make_unique<StreamInput>(call, std::move(stream));
    }
    GANTRY_RETURN_IF_ERROR(input->Skip(call, offset - input->position()));
    return std::make_unique<Reader>(*this, std::move(input), size);
  }

  const OpenStream open_;
  std::mutex idle_mu_;
  std::unique_ptr<StreamInput> idle_;  // guarded by idle_mu_
};

// Finds out at the first use what kind of file it is.
class TarFile final : public FileSet {
 public:
  explicit TarFile(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<std::optional<FileInfo>> Find(const CallContext& call,
                                               const std::string& name) override {
    GANTRY_RETURN_IF_ERROR(Prepare());
    return files_->Find(call, name);
  }
  absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext& call, const std::string& name,
                                                   int64_t offset) override {
    GANTRY_RETURN_IF_ERROR(Prepare());
    return files_->Open(call, name, offset);
  }
  int max_parallel_reads() const override { return files_ ? files_->max_parallel_reads() : 1; }
  const std::string& name() const override { return path_; }

 private:
  absl::Status Prepare() {
    std::lock_guard lock(mu_);
    if (files_) return absl::OkStatus();
    UniqueFd fd(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (fd.get() < 0) return CannotRead(errno);
    struct stat info {};
    if (fstat(fd.get(), &info) != 0) return CannotRead(errno);
    if (S_ISDIR(info.st_mode)) {
      return FailedPrecondition(reason::kSourceUnreadable, "{} is a directory", path_)
          .Remedy("for an OCI layout in a directory write oci:{}", path_);
    }
    if (!S_ISREG(info.st_mode)) {
      return FailedPrecondition(reason::kSourceUnreadable, "{} is not a file", path_)
          .Remedy("an archive is read more than once; save it to a file first");
    }
    std::array<char, 4> head{};
    const ssize_t n = pread(fd.get(), head.data(), head.size(), 0);
    if (n < 0) return CannotRead(errno);
    const Compression compression = DetectCompression({head.data(), static_cast<size_t>(n)});
    switch (compression) {
      case Compression::kNone:
        files_ = std::make_unique<PlainTar>(path_, std::move(fd), info.st_size);
        return absl::OkStatus();
      case Compression::kGzip:
        files_ = OpenTarStream(path_, [shared = std::make_shared<UniqueFd>(std::move(fd))](
                                          const CallContext&) {
          return GzipDecompress(std::make_unique<FileReader>(shared, 0, INT64_MAX));
        });
        return absl::OkStatus();
      case Compression::kZstd:
      case Compression::kXz:
      case Compression::kBzip2:
        break;
    }
    return InvalidArgument(reason::kSourceInvalid, "{} is compressed by {}", path_,
                           NameOf(compression))
        .Remedy("unpack it first: {} -d {}", NameOf(compression), path_);
  }

  absl::Status CannotRead(int error) const {
    if (error == ENOENT) {
      return NotFound(reason::kSourceNotFound, "there is no file {}", path_)
          .Remedy("check the path");
    }
    return FailedPrecondition(reason::kSourceUnreadable, "cannot read {}: {}", path_,
                              std::generic_category().message(error))
        .Remedy("give this user the right to read it");
  }

  const std::string path_;
  std::mutex mu_;
  std::unique_ptr<FileSet> files_;
};

}  // namespace

std::unique_ptr<FileSet> OpenTarFile(std::string path) {
  return std::make_unique<TarFile>(std::move(path));
}

std::unique_ptr<FileSet> OpenTarStream(std::string name, OpenStream open) {
  return std::make_unique<StreamTar>(std::move(name), std::move(open));
}

}  // namespace gantry

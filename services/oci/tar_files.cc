#include "oci/tar_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "base/status.h"
#include "oci/compression.h"
#include "oci/gzip_reader.h"
#include "oci/tar_reader.h"
#include "oci/unique_fd.h"

namespace gantry {
namespace {

constexpr int kMaxLinks = 32;

// Forward only, counting; what is skipped is read and thrown away.
class StreamInput final : public TarInput {
 public:
  StreamInput(const CallContext& call, std::unique_ptr<ByteReader> reader)
      : call_(call), reader_(std::move(reader)) {}

  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, reader_->Read(buffer));
    position_ += static_cast<int64_t>(n);
    return n;
  }
  absl::Status Skip(int64_t bytes) override {
    std::array<char, 256 << 10> waste;
    while (bytes > 0) {
      GANTRY_RETURN_IF_ERROR(call_.Check());
      const auto want = std::min<int64_t>(bytes, static_cast<int64_t>(waste.size()));
      GANTRY_ASSIGN_OR_RETURN(const size_t n,
                              Read(std::span(waste).first(static_cast<size_t>(want))));
      if (n == 0) {
        return InvalidArgument(reason::kSourceInvalid, "the tar is truncated")
            .Remedy("save or copy the image again");
      }
      bytes -= static_cast<int64_t>(n);
    }
    return absl::OkStatus();
  }
  int64_t position() const { return position_; }

 private:
  const CallContext& call_;
  const std::unique_ptr<ByteReader> reader_;
  int64_t position_ = 0;
};

// A plain file: skipping costs nothing.
class FileInput final : public TarInput {
 public:
  FileInput(std::shared_ptr<UniqueFd> fd, int64_t size) : reader_(std::move(fd), 0, size), left_(size) {}
  absl::StatusOr<size_t> Read(std::span<char> buffer) override {
    GANTRY_ASSIGN_OR_RETURN(const size_t n, reader_.Read(buffer));
    left_ -= static_cast<int64_t>(n);
    return n;
  }
  absl::Status Skip(int64_t bytes) override {
    if (bytes > left_) {
      return InvalidArgument(reason::kSourceInvalid, "the tar is truncated")
          .Remedy("save or copy the image again");
    }
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
    const TarEntry* entry = Resolve(name);
    if (!entry) return std::optional<FileInfo>();
    return FileInfo{.size = entry->size, .rank = entry->offset, .head = heads_.at(entry->offset)};
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> Open(const CallContext& call, const std::string& name,
                                                   int64_t offset) override {
    GANTRY_RETURN_IF_ERROR(Index(call));
    const TarEntry* entry = Resolve(name);
    if (!entry || offset > entry->size) {
      return InvalidArgument(reason::kSourceInvalid, "{} has no file {}", name_, Excerpt(name, 200));
    }
    return OpenAt(call, entry->offset + offset, entry->size - offset);
  }

  const std::string& name() const override { return name_; }

 protected:
  virtual absl::StatusOr<std::unique_ptr<TarInput>> Start(const CallContext& call) = 0;
  virtual absl::StatusOr<std::unique_ptr<ByteReader>> OpenAt(const CallContext& call,
                                                             int64_t offset, int64_t size) = 0;

 private:
  absl::Status Index(const CallContext& call) {
    std::lock_guard lock(mu_);
    if (indexed_) return absl::OkStatus();
    auto input = Start(call);
    if (!input.ok()) return input.status();
    entries_.clear();
    const absl::Status scanned = ScanTar(call, **input, [&](const TarEntry& entry, std::string head) {
      if (entry.name.empty() || entry.type == TarEntry::Type::kOther) return absl::OkStatus();
      heads_[entry.offset] = std::move(head);
      entries_[entry.name] = entry;  // as tar unpacks: the last one stays
      return absl::OkStatus();
    });
    if (!scanned.ok()) return Annotate(scanned, name_);
    indexed_ = true;
    return absl::OkStatus();
  }

  const TarEntry* Resolve(std::string name) const {
    for (int links = 0; links < kMaxLinks; ++links) {
      const auto it = entries_.find(name);
      if (it == entries_.end()) return nullptr;
      if (it->second.type == TarEntry::Type::kFile) return &it->second;
      name = it->second.target;
    }
    return nullptr;
  }

  const std::string name_;
  std::mutex mu_;
  bool indexed_ = false;
  std::map<std::string, TarEntry> entries_;    // written once, by the first Find
  std::map<int64_t, std::string> heads_;
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
// behind by starting over.
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
      std::lock_guard lock(tar_.idle_mu_);
      tar_.idle_ = std::move(input_);
    }
    absl::StatusOr<size_t> Read(std::span<char> buffer) override {
      const auto want = static_cast<size_t>(
          std::min<int64_t>(left_, static_cast<int64_t>(buffer.size())));
      if (want == 0) return 0;
      GANTRY_ASSIGN_OR_RETURN(const size_t n, input_->Read(buffer.first(want)));
      left_ -= static_cast<int64_t>(n);
      return n;
    }

   private:
    StreamTar& tar_;
    std::unique_ptr<StreamInput> input_;
    int64_t left_;
  };

  absl::StatusOr<std::unique_ptr<TarInput>> Start(const CallContext& call) override {
    GANTRY_ASSIGN_OR_RETURN(auto stream, open_(call));
    return std::make_unique<StreamInput>(call, std::move(stream));
  }

  absl::StatusOr<std::unique_ptr<ByteReader>> OpenAt(const CallContext& call, int64_t offset,
                                                     int64_t size) override {
    std::unique_ptr<StreamInput> input;
    {
      std::lock_guard lock(idle_mu_);
      if (idle_ && idle_->position() <= offset) input = std::move(idle_);
      idle_.reset();
    }
    if (!input) {
      GANTRY_ASSIGN_OR_RETURN(auto stream, open_(call));
      input = std::make_unique<StreamInput>(call, std::move(stream));
    }
    GANTRY_RETURN_IF_ERROR(input->Skip(offset - input->position()));
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
    struct stat info {};
    if (fd.get() < 0 && errno == ENOENT) {
      return NotFound(reason::kSourceNotFound, "there is no file {}", path_)
          .Remedy("check the path, and on which machine it is");
    }
    if (fd.get() < 0 || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
      return FailedPrecondition(reason::kSourceUnreadable, "cannot read {}: {}", path_,
                                fd.get() < 0 ? std::generic_category().message(errno)
                                             : "it is not a file");
    }
    std::array<char, 4> head{};
    const ssize_t n = pread(fd.get(), head.data(), head.size(), 0);
    switch (DetectCompression({head.data(), static_cast<size_t>(std::max<ssize_t>(n, 0))})) {
      case Compression::kNone:
        files_ = std::make_unique<PlainTar>(path_, std::move(fd), info.st_size);
        break;
      case Compression::kGzip: {
        auto shared = std::make_shared<UniqueFd>(std::move(fd));
        files_ = OpenTarStream(path_, [shared](const CallContext&) {
          return GzipDecompress(std::make_unique<FileReader>(shared, 0, INT64_MAX));
        });
        break;
      }
      case Compression::kZstd:
        return InvalidArgument(reason::kSourceInvalid, "{} is compressed by zstd", path_)
            .Remedy("unpack it first: zstd -d {}", path_);
    }
    return absl::OkStatus();
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

// Image archives from strangers, plain or gzip: read as both formats, every blob to its end.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "oci/compression.h"
#include "oci/docker_archive.h"
#include "oci/gzip_reader.h"
#include "oci/oci_layout.h"
#include "oci/tar_files.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace gantry {
namespace {

constexpr size_t kBlock = 512;
constexpr size_t kMaxBlobBytes = 1 << 20;

std::unique_ptr<FileSet> OpenInMemory(const std::string& bytes) {
  return OpenTarStream("archive", [&bytes](const CallContext&) {
    auto reader = std::make_unique<StringReader>(bytes);
    return DetectCompression(bytes) == Compression::kGzip
               ? GzipDecompress(std::move(reader))
               : std::move(reader);
  });
}

// Whatever is read from the middle is what follows there when it is read from the start.
void ReadBlob(const CallContext& call, ImageSource& source, const SourceBlob& blob) {
  auto reader = source.OpenBlob(call, blob, 0);
  if (!reader.ok()) return;
  const auto whole = ReadAll(**reader, kMaxBlobBytes);
  reader->reset();
  if (!whole.ok()) return;
  const size_t middle = whole->size() / 2;
  reader = source.OpenBlob(call, blob, static_cast<int64_t>(middle));
  if (!reader.ok()) std::abort();
  const auto rest = ReadAll(**reader, kMaxBlobBytes);
  if (!rest.ok() || *rest != whole->substr(middle)) std::abort();
}

void ReadImage(ImageSource&& source) {
  const SystemClock clock;
  const CallContext call(clock, std::chrono::minutes(1), "");
  const auto image = source.Load(call);
  if (!image.ok()) return;
  if (image->manifests.empty()) std::abort();
  for (const SourceManifest& manifest : image->manifests) {
    if (manifest.descriptor && Digest::Of(manifest.bytes) != manifest.descriptor->digest) {
      std::abort();
    }
    for (const SourceBlob& blob : manifest.blobs) {
      if (!blob.digest && !blob.diff_id) std::abort();
      if (blob.urls.empty()) ReadBlob(call, source, blob);
    }
  }
}

// Without this hardly a mutation would come further than the checksum of a tar header.
void RepairChecksums(uint8_t* data, size_t size) {
  for (size_t at = 0; at + kBlock <= size; at += kBlock) {
    uint8_t* const header = data + at;
    if (std::memcmp(header + 257, "ustar", 5) != 0) continue;
    std::fill_n(header + 148, 8, uint8_t{' '});
    unsigned sum = 0;
    for (size_t i = 0; i < kBlock; ++i) sum += header[i];
    std::snprintf(reinterpret_cast<char*>(header) + 148, 8, "%06o", sum);
  }
}

}  // namespace
}  // namespace gantry

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) gantry::RepairChecksums(data, size);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  gantry::ReadImage(gantry::DockerArchiveSource(gantry::OpenInMemory(bytes), ""));
  gantry::ReadImage(gantry::OciLayoutSource(gantry::OpenInMemory(bytes), ""));
  gantry::ReadImage(gantry::DockerArchiveSource(gantry::OpenInMemory(bytes), "@0"));
  return 0;
}

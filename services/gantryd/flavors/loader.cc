#include "gantryd/flavors/loader.h"

#include <dlfcn.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "base/status.h"
#include "oci/digest.h"

namespace gantry {
namespace {

constexpr size_t kMaxFlavorBytes = 64 << 20;
constexpr size_t kMaxNameBytes = 64, kMaxDescriptionBytes = 256 << 10, kMaxConnectorTypes = 32;
// Up to the last field of minor 0, and so for ever: a flavor built today loads in every later daemon.
constexpr uint32_t kMinor0Size =
    offsetof(gantry_flavor_table, list_resources) + sizeof(gantry_flavor_table::list_resources);

using EntryPoint = const gantry_flavor_table* (*)() GANTRY_NOEXCEPT;

Error Refuse(const std::string& path, const std::string& why) {
  return FailedPrecondition(reason::kFlavorNotLoaded, "{} {}", path, why);
}

// dlopen knows the file as /proc/self/fd/N; people know it by its path.
std::string LastDlError(const std::string& fd_path, const std::string& path) {
  const char* raw = dlerror();
  std::string text = raw == nullptr ? "unknown error" : raw;
  for (size_t at = 0; (at = text.find(fd_path, at)) != text.npos; at += path.size()) {
    text.replace(at, fd_path.size(), path);
  }
  return Excerpt(text, 500);
}

std::string OtherVersions(void* handle) {
  for (int version = 2; version < 10; ++version) {
    const std::string symbol = fmt::format("gantry_flavor_v{}", version);
    if (dlsym(handle, symbol.c_str()) != nullptr) return symbol;
  }
  return "no gantry_flavor_v*";
}

bool InObject(const void* address, const void* base) {
  Dl_info info{};
  return address != nullptr && dladdr(address, &info) != 0 && info.dli_fbase == base;
}

bool TextFits(gantry_str text, size_t limit, const void* base) {
  return text.size > 0 && text.size <= limit && InObject(text.data, base);
}

// Returns why the table is no good, or nothing.
std::string TableFault(const gantry_flavor_table* table, EntryPoint entry_point,
                       const std::string& name) {
  Dl_info object{};
  if (dladdr(reinterpret_cast<const void*>(entry_point), &object) == 0) {
    return "has an entry point outside of itself";
  }
  const void* base = object.dli_fbase;
  if (!InObject(table, base)) return "returns a table that is not its own static data";
  if (table->magic != GANTRY_MAGIC) return "returns a table without the magic number of flavors";
  if (table->struct_size < kMinor0Size) {
    return fmt::format("returns a table of {} bytes; a v1 table has {} or more", table->struct_size,
                       kMinor0Size);
  }
  const std::pair<bool, const char*> required[] = {{table->open != nullptr, "open"},
                                                   {table->close != nullptr, "close"},
                                                   {table->authenticate != nullptr, "authenticate"},
                                                   {table->prepare_push != nullptr, "prepare_push"},
                                                   {table->push != nullptr, "push"}};
  for (const auto& [there, operation] : required) {
    if (!there) return fmt::format("lacks the required operation {}", operation);
  }
  if (!TextFits(table->name, kMaxNameBytes, base) ||
      !TextFits(table->version, kMaxNameBytes, base) ||
      !TextFits(table->description_json, kMaxDescriptionBytes, base)) {
    return "has a name, version or description that is missing or too long";
  }
  if (table->errors_json.size > 0 && !TextFits(table->errors_json, kMaxDescriptionBytes, base)) {
    return "has an error table that is too long or not its own";
  }
  const std::string_view own_name(table->name.data, table->name.size);
  if (own_name != name) {
    return fmt::format("calls itself \"{}\"; the manifest calls it \"{}\"", Excerpt(own_name, 63),
                       name);
  }
  if (table->connector_type_count > kMaxConnectorTypes) return "declares over 32 connector types";
  for (size_t i = 0; i < table->connector_type_count; ++i) {
    if (!InObject(table->connector_types, base) ||
        !TextFits(table->connector_types[i], kMaxDescriptionBytes, base)) {
      return "has a connector type that is missing or too long";
    }
  }
  return {};
}

// What was loaded so far.  dlopen's own state is the process's, so this is too; never destroyed,
// because flavors are not either.
struct Loaded {
  std::mutex mu;
  std::map<std::tuple<dev_t, ino_t, std::string>, void*> handles;  // guarded by mu
};

Loaded& TheLoaded() {
  static Loaded* const loaded = new Loaded;
  return *loaded;
}

}  // namespace

absl::StatusOr<const gantry_flavor_table*> LoadFlavorTable(const TrustedDir& directory,
                                                           const FlavorManifestEntry& entry) {
  const std::string path = directory.path() + "/" + entry.file;
  if (entry.abi != 1) {
    return Refuse(path,
                  fmt::format("is for version {} of the flavor ABI; this daemon has version 1",
                              entry.abi))
        .Remedy("Install a build of the flavor that fits the daemon.");
  }
  struct stat info {};
  GANTRY_ASSIGN_OR_RETURN(UniqueFd fd, directory.OpenFile(entry.file, &info));
  GANTRY_ASSIGN_OR_RETURN(std::string bytes, ReadFd(fd.get(), kMaxFlavorBytes));
  if (const Digest digest = Digest::Of(bytes); digest.hex() != entry.sha256) {
    return Refuse(path, fmt::format("has the checksum {}; the manifest expects {}", digest.hex(),
                                    entry.sha256))
        .Remedy(
            "The file was changed after it was installed, or the manifest was not updated: "
            "install the flavor again.");
  }

  const std::lock_guard lock(TheLoaded().mu);
  void*& handle = TheLoaded().handles[{info.st_dev, info.st_ino, entry.sha256}];
  const bool first = handle == nullptr;
  if (first) {
    const std::string fd_path = fmt::format("/proc/self/fd/{}", fd.get());
    handle = dlopen(fd_path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) {
      return Refuse(path, "cannot be loaded: " + LastDlError(fd_path, path))
          .Remedy("Build the flavor again with gantry_add_flavor(); it links with -z defs.");
    }
    // Kept open for ever: dlopen takes a file of the same name, that is of the same number, for
    // this.
    fd.release();
  }
  // dlsym is the one way to a function by name, and data pointers convert to it on POSIX.
  const auto entry_point = reinterpret_cast<EntryPoint>(dlsym(handle, "gantry_flavor_v1"));
  if (entry_point == nullptr) {
    return Refuse(path, fmt::format("is no v1 flavor: it exports {} instead of gantry_flavor_v1",
                                    OtherVersions(handle)))
        .Remedy("Build it with gantry_add_flavor(), or against this daemon's flavor_abi.h.");
  }
  const gantry_flavor_table* table = entry_point();
  if (const std::string fault = TableFault(table, entry_point, entry.name); !fault.empty()) {
    return Refuse(path, fault).Remedy("This is a defect of the flavor; tell whoever maintains it.");
  }
  if (first) {
    Dl_info object{};
    dladdr(table, &object);
    // Backtraces name the file by its descriptor; this line says which flavor that was.
    spdlog::info("flavor {} {} loaded from {} sha256={} base={}", entry.name,
                 std::string_view(table->version.data, table->version.size), path, entry.sha256,
                 object.dli_fbase);
  }
  return table;
}

}  // namespace gantry

// The files of a tar: of a plain one at any offset, of a stream forward, its small files kept.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "oci/file_set.h"

namespace gantry {

// A tar on disk, plain or gzip.  Other compressions are refused by name.
std::unique_ptr<FileSet> OpenTarFile(std::string path);

// A tar that comes as a stream and can be asked for again, by `open`; `name` is for messages.
using OpenStream =
    std::function<absl::StatusOr<std::unique_ptr<ByteReader>>(const CallContext& call)>;
std::unique_ptr<FileSet> OpenTarStream(std::string name, OpenStream open);

}  // namespace gantry

// Files below a directory, and never outside of it.
#pragma once

#include <memory>
#include <string>

#include "oci/file_set.h"

namespace gantry {

// Names are resolved by the kernel beneath the directory, without symbolic links, so that no image
// can point out of itself.  Opening the directory is left to the first use.
std::unique_ptr<FileSet> OpenDirectory(std::string path);

}  // namespace gantry

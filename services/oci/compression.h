// Layers compressed on their way: gzip by ISA-L, the same bytes for the same input, always.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace gantry {

// Part of the layer cache's key: a change of library, level or framing is another recipe.
inline constexpr std::string_view kGzipRecipe = "igzip-2.30-level1";

// Reads `input` to its end and gives one gzip member without name or time.  Bounded memory.
std::unique_ptr<ByteReader> GzipCompress(std::unique_ptr<ByteReader> input);

enum class Compression { kNone, kGzip, kZstd, kXz, kBzip2 };
// From the first four bytes of a file.
Compression DetectCompression(std::string_view head);
// As its program is called: "gzip".
std::string_view NameOf(Compression compression);

}  // namespace gantry

// Layers checked on their way: OCI image-spec, "Layer DiffID".
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/call_context.h"
#include "oci/digest.h"

namespace gantry {

// Pass a layer on as it is.  Its end comes only if its tar has that digest; the layer is the tar
// itself, or the tar in gzip.
//   INVALID_ARGUMENT DIGEST_MISMATCH   in place of the end
std::unique_ptr<ByteReader> CheckTarDiffId(std::unique_ptr<ByteReader> layer, Digest diff_id);
// A gzip layer's reader must not outlive `call`, and gives up with it: a few bytes may take long to
// unpack.
std::unique_ptr<ByteReader> CheckGzipDiffId(const CallContext& call,
                                            std::unique_ptr<ByteReader> layer, Digest diff_id);

}  // namespace gantry

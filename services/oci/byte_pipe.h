// A producer that writes, as a reader: for HTTP bodies that are wanted as streams.
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/call_context.h"

namespace gantry {

// Runs `produce` on a thread of its own, at most 4 MiB ahead of the reader.  Its error is what Read
// returns after the last byte.  Destroying the reader cancels the producer and joins it; cancelling
// `call` cancels both.  The call's clock and what `produce` uses must outlive the reader.
using Produce = std::function<absl::Status(const CallContext&, ByteWriter&)>;
std::unique_ptr<ByteReader> StreamFrom(const CallContext& call, Produce produce);

}  // namespace gantry

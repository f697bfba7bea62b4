// What whoever gets a credential should know about it, on standard error: the tools that ask for
// one read standard output alone.
#pragma once

#include <gantry/v1/pull_credential.pb.h>

namespace gantry::cli {

// Nothing for a credential that ends by itself.
void WarnAbout(const v1::PullCredential& credential);

}  // namespace gantry::cli

// What whoever gets a credential should know about it, on standard error: the tools that ask for
// one read standard output alone.
#pragma once

#include <gantry/v1/pull_credential.pb.h>

namespace gantry::cli {

// What it can do beyond pulling what it is for, and that it does not end by itself; nothing for one
// that is as narrow as can be.
void WarnAbout(const v1::PullCredential& credential);

}  // namespace gantry::cli

// A private CA and a server certificate, made in memory.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

namespace gantry::fakes {

struct Certificate {
  std::string ca_pem;                // what a client must trust
  std::shared_ptr<SSL_CTX> context;  // for the server
};

// For 127.0.0.1 and localhost.
Certificate MakeServerCertificate();

}  // namespace gantry::fakes

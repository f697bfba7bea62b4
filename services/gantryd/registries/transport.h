// How a registry's host is reached: from its record, and what of that is allowed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gantryd/registries/field_violations.h"
#include "net/http_client.h"
#include "oci/reference.h"
#include "store/store.h"

namespace gantry {

Transport TransportOf(const RegistryRecord& record);

// Settles record.plain_http and reports what does not go together.  Hosts on loopback are plain
// http unless "https://", a certificate or skip_tls_verify says otherwise; others are only where
// plain_http itself is set, for credentials then travel in plain text.  `stored` is the record that
// is replaced, whose choice stands while its host does; null for a new one.
std::vector<FieldViolation> SettleTransport(const RegistryUri& uri, const RegistryRecord* stored,
                                            RegistryRecord& record);

// What is wrong with PEM text that has to hold certificates and nothing else of interest; nothing
// when it is right.
std::optional<std::string> CheckCertificates(const std::string& pem);

}  // namespace gantry

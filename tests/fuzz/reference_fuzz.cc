// Names: whatever parses, prints to something that parses to the same.
#include <cstdlib>

#include "oci/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto reference = gantry::Reference::Parse(text); reference.ok()) {
    const auto again = gantry::Reference::Parse(reference->text());
    if (!again.ok() || again->text() != reference->text()) std::abort();
  }
  if (const auto uri = gantry::RegistryUri::Parse(text); uri.ok()) {
    const auto again = gantry::RegistryUri::Parse(uri->text());
    if (!again.ok() || again->text() != uri->text()) std::abort();
    if (uri->Owns(uri->host() + ".evil.example", uri->Repository("x"))) std::abort();
  }
  return 0;
}

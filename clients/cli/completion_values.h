// The values that options and arguments can have, by their kind.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/client.h"

namespace gantry::cli {

// Values that the words before the cursor have given, by kind.
using GivenValues = std::map<std::string, std::string, std::less<>>;

// Asks the daemon and the disk.  What does not answer at once has no values.  Confined to one
// thread.
class CompletionValues {
 public:
  // `given` is borrowed; an address among it weighs more than `address`.
  CompletionValues(const GivenValues& given, const std::string& address);

  // Values of one kind; those of files begin with `begun`.
  std::vector<std::string> Of(const std::string& kind, std::string_view begun) const;
  // Names of the free fields of what the words register.
  std::vector<std::string> Fields() const;
  // Files whose path begins with `begun`; directories end with '/'.
  static std::vector<std::string> Paths(std::string_view begun);

 private:
  std::string Given(std::string_view kind) const;
  // Auth methods of that name ("": any) of the connector type that was given.
  std::vector<v1::AuthMethod> AuthMethods(const std::string& name) const;
  google::protobuf::RepeatedPtrField<v1::ConnectorType> ConnectorTypes() const;

  const GivenValues& given_;
  const client::Client client_;
};

}  // namespace gantry::cli

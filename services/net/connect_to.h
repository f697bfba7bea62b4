// "HOST:PORT:HOST2:PORT2": a host served by another address, with the meaning of curl's --connect-to.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace gantry {

// A value.  Requests for HOST:PORT connect to HOST2:PORT2; the Host header and the name that the
// certificate must have stay HOST's.  An empty HOST or PORT stands for any, an empty HOST2 or PORT2
// for the one that was asked for.
class ConnectTo {
 public:
  // INVALID_ARGUMENT INVALID_ARGUMENT when it is not of that form.  IPv6 addresses are in brackets.
  static absl::StatusOr<ConnectTo> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  // Whether it serves this URL.
  bool Serves(std::string_view url) const;

 private:
  std::string text_, host_, port_;
};

}  // namespace gantry

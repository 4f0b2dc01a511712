// SPDX-License-Identifier: Apache-2.0
// Errors. Misuse of the library is std::invalid_argument ("[conv2d] weight expects 16 input channels, got 3");
// what the environment did is a sluice::Error. The library never exits, aborts or falls back in silence.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace sluice {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// A file that is missing, truncated, damaged, of another model, or can't be written.
struct IoError : Error {
  using Error::Error;
};
// The allocator could not get memory; the message says what was asked and what is held.
struct OutOfMemory : Error {
  using Error::Error;
};
// A device that is absent, not in this build, or that reported a fault.
struct DeviceError : Error {
  using Error::Error;
};
// A loss or gradient that is not finite.
struct NumericError : Error {
  using Error::Error;
};

template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Throws std::invalid_argument "[where] parts..." unless `condition` holds.
template <class... Parts>
void require(bool condition, const char* where, const Parts&... parts) {
  if (!condition) throw std::invalid_argument(concat("[", where, "] ", parts...));
}

}  // namespace sluice

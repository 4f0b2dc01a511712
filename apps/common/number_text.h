// SPDX-License-Identifier: Apache-2.0
// Numbers as the programs write them. A NaN is "nan", whatever its sign bit, which means nothing.
#pragma once

#include <string>

namespace sluice::apps {

// With as many digits as bring the same number back.
std::string exact(double value);
// With so many digits after the point.
std::string decimal(double value, int digits = 4);
// A share in [0,1] as "12.34%"; with a space before the sign where `gap` says so.
std::string percent(double share, const char* gap = "");

}  // namespace sluice::apps

// SPDX-License-Identifier: Apache-2.0
#include "apps/common/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace sluice::apps {

std::string exact(double value) { return std::isnan(value) ? "nan" : fmt::to_string(value); }

std::string decimal(double value, int digits) {
  return std::isnan(value) ? "nan" : fmt::format("{:.{}f}", value, digits);
}

std::string percent(double share, const char* gap) {
  return std::isnan(share) ? "nan" : fmt::format("{:.2f}{}%", 100 * share, gap);
}

}  // namespace sluice::apps

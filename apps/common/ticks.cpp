// SPDX-License-Identifier: Apache-2.0
#include "apps/common/ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sluice::apps {

LogarithmicRange::LogarithmicRange(double from, double to)
    : low(std::clamp(from, 1e-300, 1e300)), high(std::clamp(to, low, 1e300)) {}

std::vector<double> decade_ticks(const LogarithmicRange& range, DecadeTicks kind) {
  constexpr int most = 12;
  const int first = static_cast<int>(std::floor(std::log10(range.low)));
  const int last = static_cast<int>(std::ceil(std::log10(range.high)));
  const int stride = (last - first) / (most + 1) + 1;
  std::vector<double> ticks;
  for (int decade = first; decade <= last; decade += stride)
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10.0, decade);
      const bool wanted = factor == 1 || (kind == DecadeTicks::one_two_five && stride == 1);
      // An end that is a tick itself may be off in its last digit.
      if (wanted && tick >= range.low * (1 - 1e-12) && tick <= range.high * (1 + 1e-12)) ticks.push_back(tick);
    }
  return ticks;
}

std::string tick_list(const std::vector<double>& ticks) {
  std::string text;
  for (const double tick : ticks) text += fmt::format("{}{:g}", text.empty() ? "" : ", ", tick);
  return text;
}

}  // namespace sluice::apps

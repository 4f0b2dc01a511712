// SPDX-License-Identifier: Apache-2.0
// Ticks of logarithmic axes.
#pragma once

#include <string>
#include <vector>

namespace sluice::apps {

// A range that a logarithmic axis can show: both ends are kept within [1e-300, 1e300], where gnuplot can count.
struct LogarithmicRange {
  double low, high;
  LogarithmicRange(double from, double to);
};

enum class DecadeTicks : bool { decades, one_two_five };

// Ticks within the range: at the decades, or at 1, 2 and 5 of each; where there are more than a dozen decades, at every
// second, third, ... one. Ascending.
std::vector<double> decade_ticks(const LogarithmicRange& range, DecadeTicks kind);

// "0.1, 0.2, 0.5" for gnuplot's lists.
std::string tick_list(const std::vector<double>& ticks);

}  // namespace sluice::apps

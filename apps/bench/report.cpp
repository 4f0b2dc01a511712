// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/report.h"

#include <fmt/format.h>

#include <sluice/base/error.h>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/common/output.h"

namespace sluice::bench {
namespace {

// Linear between neighbours; `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

Summary summarise(std::vector<double> seconds) {
  require(!seconds.empty(), "summarise", "expects at least one time");
  std::ranges::sort(seconds);
  const double median = quantile(seconds, 0.5);
  return {.median = median,
          .minimum = seconds.front(),
          .spread = median > 0 ? (quantile(seconds, 0.75) - quantile(seconds, 0.25)) / median : 0,
          .count = seconds.size()};
}

std::string readable_time(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.2f} us", seconds * 1e6);
  if (seconds < 1) return fmt::format("{:.3f} ms", seconds * 1e3);
  return fmt::format("{:.3f} s", seconds);
}

nlohmann::ordered_json to_json(const Summary& summary) {
  return {{"median_seconds", summary.median},
          {"minimum_seconds", summary.minimum},
          {"spread", summary.spread},
          {"count", summary.count}};
}

void write_json(const std::string& path, const nlohmann::ordered_json& report) {
  apps::write_report(path, report.dump(2) + "\n");
}

}  // namespace sluice::bench

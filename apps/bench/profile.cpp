// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace sluice::bench {

TapeObserver Profile::observer() {
  return [this](const char* name, TapePhase phase, const Tensor&) {
    if (phase != TapePhase::gradient)
      mark(fmt::format("{} {}", name, phase == TapePhase::recorded ? "forward" : "backward"));
  };
}

void Profile::mark(const std::string& name) {
  const Clock::time_point now = Clock::now();
  Entry& entry = entries_[name];
  entry.seconds += std::chrono::duration<double>(now - last_).count();
  ++entry.calls;
  last_ = now;
}

std::string Profile::table(std::int64_t steps) const {
  std::vector<std::pair<std::string, Entry>> sorted(entries_.begin(), entries_.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  double total = 0;
  for (const auto& [name, entry] : sorted) total += entry.seconds;
  std::string text = fmt::format("{:<36} {:>8} {:>10} {:>8}\n", "part of a step", "share", "ms", "calls");
  for (const auto& [name, entry] : sorted)
    text += fmt::format("{:<36} {:>6.1f} % {:>10.3f} {:>8.1f}\n", name, 100 * entry.seconds / total,
                        1e3 * entry.seconds / static_cast<double>(steps),
                        static_cast<double>(entry.calls) / static_cast<double>(steps));
  return text;
}

}  // namespace sluice::bench

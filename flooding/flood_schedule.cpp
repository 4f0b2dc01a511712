// SPDX-License-Identifier: Apache-2.0
#include <sluice/flooding/flood_schedule.h>

#include <algorithm>
#include <cmath>

#include <sluice/base/error.h>
#include <sluice/base/number.h>

namespace sluice {
namespace {

constexpr const char* kName = "flood level";

void check_level(double level) {
  require(std::isfinite(level) && level >= 0, kName, "expects a finite level of at least 0, got ", level);
}

// The whole of `part` as a number.
template <class Number>
Number number(std::string_view part, const char* what, std::string_view text) {
  const std::optional<Number> value = parse_number<Number>(part);
  require(value.has_value(), kName, "expects ", what, ", got \"", part, "\" in \"", text, "\"");
  return *value;
}

}  // namespace

FloodSchedule::FloodSchedule(double level) : points_{{.epoch = 0, .level = level, .until = Until::next_holds}} {
  check_level(level);
}

FloodSchedule FloodSchedule::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos)
    return FloodSchedule(number<double>(text, "a level such as 0.05, or epoch:level,epoch:level", text));
  FloodSchedule schedule;
  std::string_view rest = text;
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const std::size_t dots = rest.find("..");
    const std::size_t end = std::min({comma, dots, rest.size()});
    const std::string_view part = rest.substr(0, end);
    const std::size_t colon = part.find(':');
    require(colon != std::string_view::npos, kName, "expects epoch:level, got \"", part, "\" in \"", text, "\"");
    const Point point{.epoch = number<std::int64_t>(part.substr(0, colon), "an epoch", text),
                      .level = number<double>(part.substr(colon + 1), "a level", text),
                      .until = dots < comma ? Until::next_line : Until::next_holds};
    require(point.epoch >= 0, kName, "expects epochs from 0, got ", point.epoch, " in \"", text, "\"");
    check_level(point.level);
    require(schedule.points_.empty() || schedule.points_.back().epoch < point.epoch, kName,
            "expects ascending epochs, got ", point.epoch, " out of order in \"", text, "\"");
    schedule.points_.push_back(point);
    more = end < rest.size();
    rest.remove_prefix(std::min(rest.size(), end + (dots < comma ? 2 : 1)));
  }
  return schedule;
}

double FloodSchedule::level_at(std::int64_t epoch) const {
  require(epoch >= 0, kName, "expects an epoch of at least 0, got ", epoch);
  std::size_t next = 0;
  while (next < points_.size() && points_[next].epoch <= epoch) ++next;
  if (next == 0) return 0;
  const Point& from = points_[next - 1];
  if (from.until == Until::next_holds) return from.level;
  const Point& to = points_[next];
  const double along = static_cast<double>(epoch - from.epoch) / static_cast<double>(to.epoch - from.epoch);
  return from.level + (to.level - from.level) * along;
}

}  // namespace sluice

// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/nearest_name.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace sluice {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Optimal string alignment distance; rows are prefixes of `a`, columns prefixes of `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// Whether `name` begins with `wanted`, which says enough for that.
bool completes(std::string_view wanted, std::string_view name) {
  constexpr std::size_t enough = 3;
  return wanted.size() >= enough && name.size() >= wanted.size() &&
         std::ranges::equal(wanted, name.substr(0, wanted.size()), {}, lower, lower);
}

}  // namespace

std::string nearest_name(std::string_view wanted, std::span<const std::string> names) {
  std::string nearest;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(wanted, name);
    const bool near = 3 * distance <= std::max(wanted.size(), name.size());
    if (distance >= least || (!near && !completes(wanted, name))) continue;
    least = distance;
    nearest = name;
  }
  return nearest;
}

std::string did_you_mean(std::string_view wanted, std::span<const std::string> names) {
  const std::string nearest = nearest_name(wanted, names);
  return nearest.empty() ? "." : "; did you mean '" + nearest + "'?";
}

}  // namespace sluice

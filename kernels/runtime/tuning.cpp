// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/tuning.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <mutex>
#include <optional>

#include <sluice/base/error.h>

namespace sluice::kernels {
namespace {

std::mutex table_mutex;
// Held while measuring, so that measurements don't disturb each other.
std::mutex measuring_mutex;

std::map<std::string, std::string>& table() {
  static std::map<std::string, std::string> choices;
  return choices;
}

std::optional<std::string> find(const std::string& key) {
  const std::lock_guard lock(table_mutex);
  const auto found = table().find(key);
  if (found == table().end()) return std::nullopt;
  return found->second;
}

std::size_t index_of(const std::string& key, const std::string& name, std::span<const std::string_view> names) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    std::string known;
    for (const std::string_view one : names) known += (known.empty() ? "" : ", ") + std::string(one);
    throw std::invalid_argument(concat("[tuning] \"", key, "\" expects one of ", known, ", got \"", name, "\""));
  }
  return static_cast<std::size_t>(found - names.begin());
}

double seconds_of(const std::function<void()>& run) {
  const auto before = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
}

std::size_t fastest(const std::vector<std::function<void()>>& contestants) {
  constexpr int rounds = 6;
  constexpr double enough_seconds = 0.3;
  // Contestants as far behind as this need not run again; a first run, which pays for cold caches, may be further.
  constexpr double hopeless = 1.5, hopeless_at_first = 2.5;
  std::vector<double> best(contestants.size(), std::numeric_limits<double>::infinity());
  double spent = 0;
  for (int round = 0; round < rounds && (round < 2 || spent < enough_seconds); ++round) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      const double leader = *std::ranges::min_element(best);
      if (round > 0 && best[i] > (round == 1 ? hopeless_at_first : hopeless) * leader) continue;
      const double seconds = seconds_of(contestants[i]);
      best[i] = std::min(best[i], seconds);
      spent += seconds;
    }
  }
  return static_cast<std::size_t>(std::ranges::min_element(best) - best.begin());
}

}  // namespace

std::vector<TuningEntry> tuning_table() {
  const std::lock_guard lock(table_mutex);
  return {table().begin(), table().end()};
}

void import_tuning(std::span<const TuningEntry> entries) {
  for (const auto& [key, name] : entries)
    require(!key.empty() && !name.empty(), "tuning", "expects a key and a name, got \"", key, "\" and \"", name, "\"");
  const std::lock_guard lock(table_mutex);
  for (const auto& [key, name] : entries) table()[key] = name;
}

void clear_tuning() {
  const std::lock_guard lock(table_mutex);
  table().clear();
}

std::size_t choose_algorithm(const std::string& key, std::span<const std::string_view> names,
                             const Contestants& contestants) {
  require(!names.empty(), "tuning", "expects an algorithm for \"", key, "\", got none");
  if (const auto chosen = find(key)) return index_of(key, *chosen, names);
  if (names.size() == 1) return 0;
  const std::lock_guard measuring(measuring_mutex);
  if (const auto chosen = find(key)) return index_of(key, *chosen, names);
  const std::size_t winner = fastest(contestants());
  const std::lock_guard lock(table_mutex);
  table()[key] = names[winner];
  return winner;
}

}  // namespace sluice::kernels

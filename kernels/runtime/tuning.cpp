// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/tuning.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <limits>
#include <map>
#include <mutex>

#include <sluice/base/error.h>

namespace sluice::kernels {
namespace {

struct Entry {
  std::string algorithm;  // "" where all are refused
  bool proven = false;    // in this process
  bool recorded = true;   // part of the table; a choice of one is not
  std::string source;     // the file of an imported one
};

std::mutex table_mutex;
// Held while measuring, so that measurements don't disturb each other.
std::mutex measuring_mutex;

void report(const Refusal& refusal) {
  std::fputs(concat("sluice: \"", refusal.algorithm, "\" gives wrong results and is not used for ", refusal.key, ": ",
                    refusal.reason, "\n")
                 .c_str(),
             stderr);
}

struct Table {
  std::map<std::string, Entry> entries;
  std::vector<Refusal> refusals;
  std::function<void(const Refusal&)> handler;
};
Table& table() {
  static Table one;
  return one;
}

std::optional<Entry> find(const std::string& key) {
  const std::lock_guard lock(table_mutex);
  const auto found = table().entries.find(key);
  if (found == table().entries.end()) return std::nullopt;
  return found->second;
}

void set(const std::string& key, Entry entry) {
  const std::lock_guard lock(table_mutex);
  table().entries[key] = std::move(entry);
}

bool is_refused(const std::string& key, std::string_view algorithm) {
  const std::lock_guard lock(table_mutex);
  return std::ranges::any_of(
      table().refusals, [&](const Refusal& refusal) { return refusal.key == key && refusal.algorithm == algorithm; });
}

void refuse(Refusal refusal) {
  std::function<void(const Refusal&)> handler;
  {
    const std::lock_guard lock(table_mutex);
    table().refusals.push_back(refusal);
    handler = table().handler;
  }
  if (handler)
    handler(refusal);
  else
    report(refusal);
}

std::optional<std::size_t> index_of(const std::string& key, const Entry& entry,
                                    std::span<const std::string_view> names) {
  if (entry.algorithm.empty()) return std::nullopt;
  const auto found = std::ranges::find(names, entry.algorithm);
  if (found == names.end()) {
    std::string known;
    for (const std::string_view one : names) known += (known.empty() ? "" : ", ") + std::string(one);
    throw IoError(concat(entry.source, ": \"", key, "\" expects one of ", known, ", got \"", entry.algorithm, "\""));
  }
  return static_cast<std::size_t>(found - names.begin());
}

// Candidates that compete for one key.
class Contest {
 public:
  Contest(const std::string& key, std::span<const std::string_view> names, const MakeCandidates& make_candidates)
      : key_(key), names_(names), candidates_(make_candidates()), best_(names.size(), kNever), runs_(names.size(), 0) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (is_refused(key, names[i])) best_[i] = kRefused;
  }

  // Runs a candidate as often as a proof takes. Whether it is without fault.
  bool prove(std::size_t i) {
    while (best_[i] != kRefused && runs_[i] < kRoundsOfProof) run(i);
    return best_[i] != kRefused;
  }

  std::optional<std::size_t> fastest() {
    constexpr int rounds = 6;
    constexpr double enough_seconds = 0.3;
    // Candidates as far behind as this need not run again; a first run, which pays for cold caches, may be further.
    constexpr double hopeless = 1.5, hopeless_at_first = 2.5;
    for (int round = 0; round < rounds && (round < 2 || spent_ < enough_seconds); ++round) {
      for (std::size_t i = 0; i < names_.size(); ++i) {
        if (best_[i] == kRefused) continue;
        if (round > 0 && best_[i] > (round == 1 ? hopeless_at_first : hopeless) * *std::ranges::min_element(best_))
          continue;
        run(i);
      }
    }
    for (;;) {
      const auto winner = static_cast<std::size_t>(std::ranges::min_element(best_) - best_.begin());
      if (best_[winner] == kRefused) return std::nullopt;
      if (prove(winner)) return winner;
    }
  }

 private:
  static constexpr double kRefused = std::numeric_limits<double>::infinity();
  static constexpr double kNever = std::numeric_limits<double>::max();

  void run(std::size_t i) {
    const Candidate& candidate = candidates_[i];
    if (candidate.prepare) candidate.prepare(runs_[i]);
    const auto before = std::chrono::steady_clock::now();
    candidate.run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
    spent_ += seconds;
    best_[i] = std::min(best_[i], seconds);
    if (runs_[i]++ >= kRoundsOfProof || !candidate.fault) return;
    if (const std::string fault = candidate.fault(); !fault.empty()) {
      best_[i] = kRefused;
      refuse({.key = key_, .algorithm = std::string(names_[i]), .reason = fault});
    }
  }

  const std::string& key_;
  std::span<const std::string_view> names_;
  std::vector<Candidate> candidates_;
  std::vector<double> best_;  // seconds
  std::vector<int> runs_;
  double spent_ = 0;
};

}  // namespace

std::vector<TuningEntry> tuning_table() {
  const std::lock_guard lock(table_mutex);
  std::vector<TuningEntry> recorded;
  for (const auto& [key, entry] : table().entries)
    if (entry.recorded) recorded.emplace_back(key, entry.algorithm);
  return recorded;
}

void import_tuning(std::span<const TuningEntry> entries, const std::string& source) {
  for (const auto& [key, name] : entries)
    require(!key.empty() && !name.empty(), "tuning", "expects a key and a name, got \"", key, "\" and \"", name, "\"");
  for (const auto& [key, name] : entries) set(key, {.algorithm = name, .source = source});
}

void clear_tuning() {
  const std::lock_guard lock(table_mutex);
  table().entries.clear();
  table().refusals.clear();
}

std::vector<Refusal> refusals() {
  const std::lock_guard lock(table_mutex);
  return table().refusals;
}

void on_refusal(std::function<void(const Refusal&)> handler) {
  const std::lock_guard lock(table_mutex);
  table().handler = std::move(handler);
}

std::optional<std::size_t> choose_algorithm(const std::string& key, std::span<const std::string_view> names,
                                            const MakeCandidates& make_candidates) {
  require(!names.empty(), "tuning", "expects an algorithm for \"", key, "\", got none");
  if (const auto entry = find(key); entry && entry->proven) return index_of(key, *entry, names);
  const std::lock_guard measuring(measuring_mutex);
  const auto entry = find(key);
  if (entry && entry->proven) return index_of(key, *entry, names);
  // A name that no kernel knows is an error before anything runs.
  const std::optional<std::size_t> named = entry ? index_of(key, *entry, names) : std::nullopt;
  Contest contest(key, names, make_candidates);
  std::optional<std::size_t> winner;
  if (named && contest.prove(*named))
    winner = named;
  else if (names.size() > 1)
    winner = contest.fastest();
  else if (contest.prove(0))
    winner = 0;
  set(key, {.algorithm = winner ? std::string(names[*winner]) : "",
            .proven = true,
            .recorded = winner.has_value() && (entry || names.size() > 1),
            .source = {}});
  return winner;
}

}  // namespace sluice::kernels

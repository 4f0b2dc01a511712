// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/schedule.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <sluice/base/error.h>
#include <sluice/base/nearest_name.h>

namespace sluice::optim {
namespace {

// The rate of step t in [0, steps] after the warm-up.
using Formula = double (*)(const ScheduleOptions&, std::int64_t t, std::int64_t steps);

// From `from` to `to` as `part` goes from 0 to 1.
double cosine_between(double from, double to, double part) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * part)) / 2;
}

double share(std::int64_t t, std::int64_t steps) { return static_cast<double>(t) / static_cast<double>(steps); }

double constant(const ScheduleOptions& options, std::int64_t, std::int64_t) { return options.learning_rate; }

double multi_step(const ScheduleOptions& options, std::int64_t t, std::int64_t) {
  const std::int64_t step = t + options.warmup_steps;
  const auto passed = std::ranges::upper_bound(options.milestones, step) - options.milestones.begin();
  return options.learning_rate * std::pow(options.gamma, static_cast<double>(passed));
}

double cosine(const ScheduleOptions& options, std::int64_t t, std::int64_t steps) {
  return cosine_between(options.learning_rate, options.final_learning_rate, share(t, steps));
}

double linear(const ScheduleOptions& options, std::int64_t t, std::int64_t steps) {
  return options.learning_rate + (options.final_learning_rate - options.learning_rate) * share(t, steps);
}

double one_cycle(const ScheduleOptions& options, std::int64_t t, std::int64_t steps) {
  const double top = options.peak * static_cast<double>(steps) - 1;
  const double last = static_cast<double>(steps) - 1;
  const double at = std::min(static_cast<double>(t), last);
  const double first_rate = options.learning_rate / options.rise;
  if (at < top) return cosine_between(first_rate, options.learning_rate, at / top);
  return cosine_between(options.learning_rate, first_rate / options.fall, (at - top) / (last - top));
}

struct Entry {
  const char* name;
  Formula formula;
  bool needs_total;
};
constexpr Entry kSchedules[] = {{"constant", constant, false},
                                {"multi-step", multi_step, false},
                                {"cosine", cosine, true},
                                {"linear", linear, true},
                                {"one-cycle", one_cycle, true}};

class FormulaSchedule : public Schedule {
 public:
  FormulaSchedule(const ScheduleOptions& options, const Entry& entry) : options_(options), entry_(entry) {}

  double at(std::int64_t step) const override {
    require(step >= 0, "schedule", "expects a step of at least 0, got ", step);
    const std::int64_t warmup = options_.warmup_steps;
    if (step < warmup) return rate(0) * share(step + 1, warmup);
    return rate(step - warmup);
  }

 private:
  double rate(std::int64_t t) const {
    const std::int64_t steps = options_.total_steps - options_.warmup_steps;
    return entry_.formula(options_, entry_.needs_total ? std::min(t, steps) : t, steps);
  }

  ScheduleOptions options_;
  Entry entry_;
};

bool positive(double value) { return std::isfinite(value) && value > 0; }

}  // namespace

std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options) {
  const auto entry = std::ranges::find(kSchedules, options.name, &Entry::name);
  if (entry == std::end(kSchedules)) {
    const std::vector<std::string> names = schedule_names();
    throw std::invalid_argument(
        concat("[schedule] there is no '", options.name, "'", did_you_mean(options.name, names)));
  }
  require(std::isfinite(options.learning_rate) && options.learning_rate >= 0, "schedule",
          "learning rate expects a finite number of at least 0, got ", options.learning_rate);
  require(options.warmup_steps >= 0, "schedule", "warm-up expects at least 0 steps, got ", options.warmup_steps);
  require(!entry->needs_total || options.total_steps > options.warmup_steps, "schedule", options.name,
          " expects more steps in total than in the warm-up, got ", options.total_steps, " and ", options.warmup_steps);
  require(std::ranges::is_sorted(options.milestones), "schedule", "milestones expect to be ascending");
  require(positive(options.gamma), "schedule", "gamma expects a number above 0, got ", options.gamma);
  require(std::isfinite(options.final_learning_rate) && options.final_learning_rate >= 0, "schedule",
          "final learning rate expects a finite number of at least 0, got ", options.final_learning_rate);
  require(options.peak > 0 && options.peak < 1, "schedule", "peak expects a share in (0,1), got ", options.peak);
  require(positive(options.rise) && positive(options.fall), "schedule", "rise and fall expect numbers above 0, got ",
          options.rise, " and ", options.fall);
  return std::make_unique<FormulaSchedule>(options, *entry);
}

std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kSchedules) names.emplace_back(entry.name);
  return names;
}

}  // namespace sluice::optim

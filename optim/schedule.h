// SPDX-License-Identifier: Apache-2.0
// The learning rate as a function of the step, counted from 0; nothing is remembered between steps, so that a resumed
// run needs no state of it. With base rate r, total steps T and t = step - warm-up:
//   constant    r
//   multi-step  r * gamma^(number of milestones <= step)
//   cosine      final + (r - final) * (1 + cos(pi t / T')) / 2, T' = T - warm-up
//               (Loshchilov and Hutter, "SGDR", 2017, eq. 5, without restarts)
//   linear      r + (final - r) * t / T'
//   one-cycle   a cosine from r / rise up to r over the first `peak` share of T' steps, then a cosine down to
//               r / (rise * fall) at the last step: torch.optim.lr_scheduler.OneCycleLR (Smith and Topin, 2018)
// Any of them after a linear warm-up: r0 * (step + 1) / warm-up, where r0 is the schedule's rate at t = 0.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::optim {

struct ScheduleOptions {
  std::string name = "constant";
  double learning_rate = 0.1;
  std::int64_t total_steps = 0;          // not read by constant and multi-step
  std::int64_t warmup_steps = 0;         // less than total_steps
  std::vector<std::int64_t> milestones;  // multi-step: steps of the whole run, warm-up included, ascending
  double gamma = 0.1;
  double final_learning_rate = 0;  // cosine and linear
  double peak = 0.3;               // one-cycle: in (0,1)
  double rise = 25;                // one-cycle: r / rise is the first rate
  double fall = 1e4;               // one-cycle: r / (rise * fall) is the last rate
};

class Schedule {
 public:
  virtual ~Schedule() = default;
  // The learning rate of a step, at least 0; after the last step the rate stays what it is there. Throws
  // std::invalid_argument for a negative step.
  virtual double at(std::int64_t step) const = 0;
};

// Throws std::invalid_argument for an unknown name (and says the nearest one) and for numbers that don't fit.
std::unique_ptr<Schedule> make_schedule(const ScheduleOptions& options);
std::vector<std::string> schedule_names();

}  // namespace sluice::optim

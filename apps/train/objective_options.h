// SPDX-License-Identifier: Apache-2.0
// What sluice-train can be told about its objective: how the loss is held at a level.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>
#include <string>

namespace sluice::apps {

struct ObjectiveOptions {
  double label_smoothing = 0;

  // Where the levels come from: at most one of these four.
  std::string flood_level = "0";    // one level, or a schedule of it
  std::string flood_class_levels;   // one a class: "0.1,0.2,..."
  std::string flood_sample_levels;  // one a training image, in files: "a,b,..."
  double relaxloss = 0;             // alpha

  double adaflood_gamma = 0.5;  // makes levels out of files of losses
  std::string flood_granularity = "batch";
  std::int64_t flood_group = 0;
  std::string flood_transform = "hard";
  double flood_softness = 1;

  bool floods() const;

  // Throws UsageError for options that contradict each other, with a batch in `accumulate` micro-batches.
  void check(std::int64_t accumulate) const;
  // As TrainOptions::identity().
  std::map<std::string, std::string> identity() const;
};

void add_objective_options(CLI::App& app, ObjectiveOptions& options);

}  // namespace sluice::apps

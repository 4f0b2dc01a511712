// SPDX-License-Identifier: Apache-2.0
// What sluice-analyze measures of a run's newest checkpoint, all of it in eval mode and without flooding.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sluice/analysis/calibration.h>
#include <sluice/analysis/gradient_norm.h>
#include <sluice/analysis/memorisation.h>

namespace sluice::apps {

struct MeasureOptions {
  std::filesystem::path data;  // empty: what the run's configuration says
  std::int64_t images = 1000;  // of either split, for gradients and landscapes; 0: all
  std::int64_t points = 41;    // of the line; 0: no line
  std::int64_t grid = 0;       // points along either side of the plane; 0: no plane
  double radius = 1;           // of line and plane, in lengths of the weights
  std::int64_t bins = 15;
  std::uint64_t seed = 0;  // of the directions
};

struct SplitMeasure {
  double loss = 0;  // mean cross entropy, nats
  double accuracy = 0;
  analysis::GradientNorms gradient;  // of the mean loss over the first `images`
  std::vector<double> line;          // mean loss over the same images at RunMeasure::positions
};

struct RunMeasure {
  std::string name;  // the folder's
  std::string checkpoint;
  SplitMeasure train, test;
  analysis::Memorisation memorisation;  // of the wrong labels among all training images
  analysis::Calibration calibration;    // on all test images
  std::vector<double> positions;
  std::vector<double> sides;               // of the plane
  std::vector<std::vector<double>> plane;  // mean training loss, [y][x]
};

// Throws CheckpointError where the folder holds no run or checkpoint that fits, and what its data set throws.
RunMeasure measure_run(const std::filesystem::path& run, const MeasureOptions& options);

}  // namespace sluice::apps

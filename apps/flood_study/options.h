// SPDX-License-Identifier: Apache-2.0
// What sluice-flood-study can be told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/flood_study/study.h"

namespace sluice::study {

struct StudyOptions {
  std::string study;  // "synthetic", or the name of an image data set
  Grid grid;

  // Synthetic sets.
  std::int64_t train_points = 100;
  std::int64_t validation_points = 100;
  std::int64_t test_points = 20000;
  double spiral_noise = 0;

  // Images.
  std::filesystem::path data;
  std::int64_t train_images = 0;  // 0: all
  std::int64_t test_images = 0;
  double validation = 0.2;  // share of the training images
  std::string augment = "none";

  std::string model;
  std::int64_t epochs = 500;
  std::int64_t batch_size = 0;
  std::string optimizer;
  double learning_rate = 0;
  double momentum = 0.9;
  double weight_decay = 0;
  std::vector<std::int64_t> milestones;  // epochs after which the learning rate is a tenth

  int jobs = 1;
  int threads = 1;  // of each run
  std::filesystem::path out;
  bool report_only = false;

  bool synthetic() const { return study == "synthetic"; }
  // The options that decide what a run computes beside its key, as text by option name: all runs of a folder share
  // them. The grid is not among them, so that it may grow.
  std::map<std::string, std::string> identity() const;
};

// Prints help or version and exits with 0 where these were asked for. Throws UsageError for options that are unknown or
// make no sense: among them a grid without runs, levels below 0, and a share of wrong labels outside [0,1].
StudyOptions parse_study_options(int argc, char** argv);

// "0:0.5:0.1" (first:last:step, both ends included) or "0,0.05,0.2", ascending and without repetition. Throws
// UsageError.
std::vector<double> parse_levels(const std::string& text);

}  // namespace sluice::study

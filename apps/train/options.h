// SPDX-License-Identifier: Apache-2.0
// What sluice-train can be told. Every field is an option on the command line and a key of the configuration file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sluice/data/loader.h>
#include "apps/train/objective_options.h"

namespace sluice::apps {

struct TrainOptions {
  std::string dataset = "cifar10";
  std::filesystem::path data;     // empty: the folder in SLUICE_DATA
  std::int64_t train_images = 0;  // 0: all
  std::int64_t test_images = 0;
  double validation = 0;      // share of the training set that is held out
  std::string hold_out_fold;  // "K/FOLDS": trains without that fold and reports its losses; empty: without folds
  double label_noise = 0;
  std::string augment = "none";

  std::string model = "resnet20";
  std::filesystem::path init_from;  // weights to start from; empty: drawn by the seed
  double dropout = 0;
  std::string precision = "fp32";

  ObjectiveOptions objective;

  std::int64_t epochs = 5;
  std::int64_t batch_size = 128;
  std::string last_batch = "auto";
  std::int64_t accumulate = 1;
  std::string optimizer = "sgd";
  double learning_rate = 0.1;
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 5e-4;
  bool decay_norms = true;
  std::string schedule = "cosine";
  double warmup_epochs = 0;
  std::string milestones;
  double gamma = 0.1;
  double clip_norm = 0;
  double sam = 0;
  double gradient_penalty = 0;
  double gradient_penalty_step = 0.01;
  double ema = 0;

  std::uint64_t seed = 0;
  std::string device = "auto";
  std::string conv_engine = "auto";
  std::string graph = "auto";
  int threads = 0;  // 0: OpenMP's default

  std::filesystem::path out = "runs/latest";
  std::int64_t checkpoint_every = 1;
  std::int64_t log_every = 100;  // steps; 0: never
  std::int64_t stop_after = 0;   // step; 0: never
  bool resume = false;
  bool overwrite = false;
  std::filesystem::path tuning;

  // --milestones as epochs, ascending. Throws UsageError.
  std::vector<std::int64_t> milestone_epochs() const;
  // --last-batch for so many training images, before training. Throws UsageError, which names the options to change,
  // for batches and micro-batches that the network can't be trained on.
  data::LastBatch last_batch_of(std::int64_t images) const;
  // The options that decide what a run computes, as text by option name: a resumed run must agree in all of them.
  std::map<std::string, std::string> identity() const;
};

struct ParsedOptions {
  TrainOptions options;
  // Every option with its value and meaning, as --config reads it back.
  std::string configuration;
};

// Parses the command line; prints help or version and exits with 0 where these were asked for, throws UsageError with
// the nearest valid name for what it does not know. With --resume the run folder's config.toml gives the defaults.
ParsedOptions parse_train_options(int argc, char** argv);

}  // namespace sluice::apps

// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <sluice/base/number.h>
#include <sluice/data/augment.h>
#include <sluice/data/datasets.h>
#include <sluice/data/synthetic.h>
#include <sluice/nn/models.h>
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"

namespace sluice::study {
namespace {

using apps::UsageError;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

template <class Number>
Number number_in(const std::string& part, const char* option, const std::string& text) {
  const std::optional<Number> value = parse_number<Number>(part);
  if (!value) throw UsageError(fmt::format("--{} {}: '{}' is not a number", option, text, part));
  return *value;
}

// Sums and products of decimal fractions in the last digits that a person would write.
double decimal(double value) { return std::round(value * 1e9) / 1e9; }

void sort_and_unify(auto& values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
}

std::vector<double> parse_noise(const std::string& text) {
  std::vector<double> shares;
  for (const std::string& part : split(text, ',')) {
    shares.push_back(number_in<double>(part, "noise", text));
    if (!(shares.back() >= 0 && shares.back() <= 1))
      throw UsageError(fmt::format("--noise {}: expects shares of wrong labels from 0 to 1, got {}", text, part));
  }
  sort_and_unify(shares);
  return shares;
}

std::vector<std::string> synthetic_sets(const std::string& text) {
  if (text == "all") return {"gaussian", "spiral", "sinusoid"};
  std::vector<std::string> names = split(text, ',');
  for (const std::string& name : names) data::parse_synthetic(name);
  for (auto name = names.begin(); name != names.end(); ++name)
    if (std::find(names.begin(), name, *name) != name)
      throw UsageError(fmt::format("--dataset {}: '{}' comes twice", text, *name));
  return names;
}

std::vector<std::int64_t> parse_milestones(const std::string& text) {
  std::vector<std::int64_t> epochs;
  if (text.empty()) return epochs;
  for (const std::string& part : split(text, ',')) {
    epochs.push_back(number_in<std::int64_t>(part, "milestones", text));
    if (epochs.back() < 1 || (epochs.size() > 1 && epochs.back() <= epochs[epochs.size() - 2]))
      throw UsageError(fmt::format("--milestones {}: expects epochs from 1 on in ascending order", text));
  }
  return epochs;
}

std::vector<std::string> study_names() {
  std::vector<std::string> names = data::dataset_names();
  names.insert(names.begin(), "synthetic");
  return names;
}

// What the paper and its authors' repository use where they say so (docs/flooding.md tells what is known).
void set_defaults(StudyOptions& o, std::string& levels, std::string& noise) {
  const bool grey = o.study == "mnist" || o.study == "fashion-mnist" || o.study == "kmnist";
  const auto unless_given = [](auto& value, const auto& usual, bool given) { value = given ? value : usual; };
  unless_given(levels, std::string(o.synthetic() ? "0:0.5:0.01" : "0:0.1:0.01"), !levels.empty());
  unless_given(noise, std::string(o.synthetic() ? "0.01,0.05,0.1" : "0"), !noise.empty());
  unless_given(o.model,
               std::string(o.synthetic()       ? "mlp_paper"
                           : grey              ? "mlp_mnist"
                           : o.study == "svhn" ? "resnet18"
                                               : "resnet44"),
               !o.model.empty());
  unless_given(o.batch_size, std::int64_t{o.synthetic() ? 100 : 200}, o.batch_size > 0);
  unless_given(o.optimizer, std::string(o.synthetic() ? "adam" : "sgd"), !o.optimizer.empty());
  unless_given(o.learning_rate, o.optimizer == "adam" ? 1e-3 : 0.1, o.learning_rate > 0);
  unless_given(o.grid.seeds, std::int64_t{o.synthetic() ? 10 : 1}, o.grid.seeds > 0);
}

}  // namespace

std::map<std::string, std::string> StudyOptions::identity() const {
  std::map<std::string, std::string> all{{"study", study},
                                         {"model", model},
                                         {"epochs", std::to_string(epochs)},
                                         {"batch-size", std::to_string(batch_size)},
                                         {"optimizer", optimizer},
                                         {"learning-rate", fmt::to_string(learning_rate)},
                                         {"momentum", fmt::to_string(momentum)},
                                         {"weight-decay", fmt::to_string(weight_decay)},
                                         {"milestones", fmt::format("{}", fmt::join(milestones, ","))},
                                         {"threads", std::to_string(threads)}};
  if (synthetic())
    all.insert({{"train-points", std::to_string(train_points)},
                {"validation-points", std::to_string(validation_points)},
                {"test-points", std::to_string(test_points)},
                {"spiral-noise", fmt::to_string(spiral_noise)}});
  else
    all.insert({{"train-images", std::to_string(train_images)},
                {"test-images", std::to_string(test_images)},
                {"validation", fmt::to_string(validation)},
                {"augment", augment}});
  return all;
}

std::vector<double> parse_levels(const std::string& text) {
  std::vector<double> levels;
  if (text.find(':') == std::string::npos) {
    for (const std::string& part : split(text, ',')) levels.push_back(number_in<double>(part, "levels", text));
  } else {
    const std::vector<std::string> parts = split(text, ':');
    if (parts.size() != 3)
      throw UsageError(fmt::format("--levels {}: expects first:last:step, as in 0:0.5:0.01", text));
    const double first = number_in<double>(parts[0], "levels", text),
                 last = number_in<double>(parts[1], "levels", text), step = number_in<double>(parts[2], "levels", text);
    // Far beyond any loss, and far from where sums of steps lose their digits.
    constexpr double largest = 1e6;
    if (!(step > 0) || !(first >= 0) || !(last <= largest) || !(first <= largest) || (last - first) / step > 10000)
      throw UsageError(fmt::format(
          "--levels {}: expects a step above 0, levels from 0 to {:.0f} and at most 10000 of them", text, largest));
    for (std::int64_t i = 0; decimal(first + static_cast<double>(i) * step) <= decimal(last); ++i)
      levels.push_back(decimal(first + static_cast<double>(i) * step));
    if (levels.empty()) throw UsageError(fmt::format("--levels {} is an empty grid: it ends before it begins", text));
  }
  for (const double level : levels)
    if (!std::isfinite(level) || level < 0)
      throw UsageError(fmt::format("--levels {}: expects finite levels of at least 0, got {}", text, level));
  sort_and_unify(levels);
  if (levels.front() != 0)
    throw UsageError(
        fmt::format("--levels {}: expects 0 among them, the run without flooding that others are compared with", text));
  return levels;
}

StudyOptions parse_study_options(int argc, char** argv) {
  using namespace apps;
  StudyOptions o;
  std::string datasets = "all", noise, levels, milestones;
  CLI::App app{
      "Repeats the experiments of the flooding paper (Ishida et al., ICML 2020): trains at every flood level of a "
      "grid,\n"
      "chooses the level by validation accuracy, and writes a table, a CSV of every run, and pictures. Stopped or "
      "killed, it\n"
      "goes on where it was when the same command is given again; a larger grid adds runs. What [] shows depends on "
      "the study.",
      "sluice-flood-study"};
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("study", o.study, "synthetic, or a data set of images")->required()->check(one_of(study_names()));

  const std::string grid = "Grid";
  app.add_option("--levels", levels, "Flood levels: first:last:step, or a list [0:0.5:0.01; images 0:0.1:0.01]")
      ->group(grid);
  app.add_option("--noise", noise, "Shares of wrong labels, in [0,1], as in 0.01,0.05 [0.01,0.05,0.1; images 0]")
      ->group(grid);
  app.add_option("--seeds", o.grid.seeds, "Seeds 0 to N-1, each with its own data and initial weights [10; images 1]")
      ->check(within(1, 1e6))
      ->group(grid);
  app.add_option("--dataset", datasets,
                 "Synthetic sets: gaussian, spiral, sinusoid, sinusoid-repository, sinusoid2d or a list; all: the "
                 "first three [all]")
      ->group(grid);

  const std::string synthetic = "Synthetic data";
  app.add_option("--train-points", o.train_points, "Points to train on [100]")->check(within(2, 1e8))->group(synthetic);
  app.add_option("--validation-points", o.validation_points, "Points to choose by [100]")
      ->check(within(2, 1e8))
      ->group(synthetic);
  app.add_option("--test-points", o.test_points, "Points to report on [20000]")
      ->check(within(2, 1e8))
      ->group(synthetic);
  app.add_option("--spiral-noise", o.spiral_noise, "Deviation of the spiral's points [0]")
      ->check(at_least_zero())
      ->group(synthetic);

  const std::string images = "Images";
  app.add_option("--data", o.data, "Folder that holds the data set's files [the folder in SLUICE_DATA]")->group(images);
  app.add_option("--train-images", o.train_images, "Use the first N training images only; 0: all [0]")
      ->check(count_from(0))
      ->group(images);
  app.add_option("--test-images", o.test_images, "Use the first N test images only; 0: all [0]")
      ->check(count_from(0))
      ->group(images);
  app.add_option("--validation", o.validation, "Share of the training images to choose by [0.2]")
      ->check(within(0.001, 0.99))
      ->group(images);
  app.add_option("--augment", o.augment, "none, or a list of crop, flip, cutout [none]")->group(images);

  const std::string training = "Training";
  app.add_option("--model", o.model,
                 "Network [mlp_paper; MNIST and its like mlp_mnist; svhn resnet18; others resnet44]")
      ->check(one_of(nn::model_names()))
      ->group(training);
  app.add_option("--epochs", o.epochs, "Passes over the training set [500]")->check(count_from(1))->group(training);
  app.add_option("--batch-size,--bs", o.batch_size, "Samples a step [100; images 200]")
      ->check(count_from(1))
      ->group(training);
  app.add_option("--optimizer", o.optimizer, "sgd or adam [adam; images sgd]")
      ->check(one_of({"sgd", "adam"}))
      ->group(training);
  app.add_option("--learning-rate,--lr", o.learning_rate, "Learning rate [adam 0.001, sgd 0.1]")
      ->check(positive())
      ->group(training);
  app.add_option("--momentum", o.momentum, "Momentum of sgd, in [0,1) [0.9]")
      ->check(within(0.0, 0.9999))
      ->group(training);
  app.add_option("--weight-decay,--wd", o.weight_decay, "Weight decay, added to the gradient; never flooded [0]")
      ->check(at_least_zero())
      ->group(training);
  app.add_option("--milestones", milestones, "Epochs after which the learning rate is a tenth, as in 250,400 [none]")
      ->group(training);

  const std::string run = "Run";
  app.add_option("--jobs", o.jobs, "Runs at the same time; results do not depend on it [1]")
      ->check(within(1, 1024))
      ->group(run);
  app.add_option("--threads", o.threads, "Processor threads of each run [1]")->check(within(1, 1024))->group(run);
  app.add_option("--out", o.out, "Folder of the study")->required()->group(run);
  app.add_flag("--report-only", o.report_only,
               "Train nothing: write table, CSV and pictures of the runs that are there")
      ->group(run);
  parse_or_exit(app, argc, argv);

  set_defaults(o, levels, noise);
  o.grid.levels = parse_levels(levels);
  o.milestones = parse_milestones(milestones);
  data::parse_augment(o.augment);
  for (const std::string& name : o.synthetic() ? synthetic_sets(datasets) : std::vector{o.study})
    for (const double share : parse_noise(noise)) o.grid.cells.push_back({name, share});
  if (o.data.empty())
    if (const char* folder = std::getenv("SLUICE_DATA")) o.data = folder;
  return o;
}

}  // namespace sluice::study

// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/paper.h"

#include <map>

namespace sluice::study {
namespace {

struct Number {
  double mean, deviation;
};

// Accuracy without and with flooding and the level, at the last epoch and with early stopping.
struct SyntheticEntry {
  Number without, with, level, early_without, early_with, early_level;
};

const std::map<Cell, SyntheticEntry>& synthetic_table() {
  static const std::map<Cell, SyntheticEntry> table{
      {{"gaussian", 0.01}, {{90.52, 0.71}, {92.13, 0.48}, {.17, .10}, {90.41, 0.98}, {92.13, 0.52}, {.16, .12}}},
      {{"gaussian", 0.05}, {{84.79, 1.23}, {88.03, 1.00}, {.22, .09}, {85.85, 2.07}, {88.15, 0.72}, {.23, .08}}},
      {{"gaussian", 0.1}, {{78.44, 0.92}, {83.59, 0.92}, {.32, .08}, {81.09, 2.23}, {83.87, 0.65}, {.32, .11}}},
      {{"spiral", 0.01}, {{97.72, 0.26}, {98.72, 0.20}, {.03, .01}, {97.72, 0.68}, {98.26, 0.50}, {.02, .01}}},
      {{"spiral", 0.05}, {{89.94, 0.59}, {93.90, 0.90}, {.12, .03}, {91.37, 1.43}, {93.51, 0.84}, {.10, .04}}},
      {{"spiral", 0.1}, {{82.38, 1.80}, {87.64, 1.60}, {.24, .05}, {84.48, 1.52}, {88.01, 0.82}, {.22, .06}}},
      {{"sinusoid", 0.01}, {{94.62, 0.89}, {94.66, 1.35}, {.05, .04}, {94.52, 0.85}, {95.42, 1.13}, {.03, .03}}},
      {{"sinusoid", 0.05}, {{87.85, 1.02}, {90.19, 1.41}, {.11, .07}, {90.56, 1.46}, {91.16, 1.38}, {.13, .07}}},
      {{"sinusoid", 0.1}, {{78.47, 2.39}, {85.78, 1.34}, {.25, .08}, {83.88, 1.49}, {85.10, 1.34}, {.22, .10}}},
  };
  return table;
}

PaperValue value_of(const Number& number) { return {number.mean, number.deviation}; }

PaperRow row_of(const SyntheticEntry& e) {
  return {{value_of(e.without), value_of(e.with), value_of(e.level)},
          {value_of(e.early_without), value_of(e.early_with), value_of(e.early_level)}};
}

// The same of the benchmarks, which have no deviations and no levels; 0 for a dash.
struct BenchmarkEntry {
  double without, with, early_without, early_with;
};

// "kmnist mlp_mnist weight decay", "cifar10 resnet44 augmented".
const std::map<std::string, BenchmarkEntry>& benchmark_table() {
  static const std::map<std::string, BenchmarkEntry> table{
      {"mnist mlp_mnist", {98.45, 98.76, 98.48, 98.66}},
      {"mnist mlp_mnist weight decay", {98.53, 98.58, 98.51, 98.64}},
      {"mnist mlp_mnist-bn", {98.60, 98.72, 98.66, 98.65}},
      {"kmnist mlp_mnist", {92.27, 93.15, 92.24, 92.90}},
      {"kmnist mlp_mnist weight decay", {92.21, 92.53, 92.24, 93.15}},
      {"kmnist mlp_mnist-bn", {92.98, 93.80, 92.81, 93.74}},
      {"svhn resnet18", {92.38, 92.78, 92.41, 92.79}},
      {"svhn resnet18 weight decay", {93.20, 0, 92.99, 93.42}},
      {"cifar10 resnet44", {75.38, 75.31, 74.98, 75.52}},
      {"cifar10 resnet44 augmented", {88.05, 89.61, 88.06, 89.48}},
      {"cifar100 resnet44", {46.00, 45.83, 46.87, 46.73}},
      {"cifar100 resnet44 augmented", {63.38, 63.70, 63.24, 0}},
  };
  return table;
}

PaperHalf half_of(double without, double with) {
  PaperHalf half{.without = {without, std::nullopt}};
  if (with > 0) half.with = PaperValue{with, std::nullopt};
  return half;
}

}  // namespace

std::optional<PaperRow> paper_row(const StudyOptions& options, const Cell& cell) {
  if (options.synthetic()) {
    const auto found = synthetic_table().find(cell);
    if (found == synthetic_table().end()) return std::nullopt;
    return row_of(found->second);
  }
  if (cell.noise != 0) return std::nullopt;
  std::string setup = cell.dataset + " " + options.model;
  if (options.weight_decay > 0) setup += " weight decay";
  if (options.augment != "none" && !options.milestones.empty()) setup += " augmented";
  const auto found = benchmark_table().find(setup);
  if (found == benchmark_table().end()) return std::nullopt;
  const BenchmarkEntry& e = found->second;
  return PaperRow{half_of(e.without, e.with), half_of(e.early_without, e.early_with)};
}

}  // namespace sluice::study

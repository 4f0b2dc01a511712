// SPDX-License-Identifier: Apache-2.0
#include "apps/analyze/report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include <sluice/base/file.h>
#include "apps/common/table.h"

namespace sluice::apps {
namespace {

using Json = nlohmann::json;

// JSON has no NaN.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json_of(const SplitMeasure& split) {
  return {{"loss", split.loss},
          {"accuracy", split.accuracy},
          {"gradient_norm", split.gradient.plain},
          {"gradient_norm_by_tensor", split.gradient.tensor},
          {"gradient_norm_by_filter", split.gradient.filter}};
}

Json json_of(const RunMeasure& run) {
  return {{"run", run.name},
          {"checkpoint", run.checkpoint},
          {"train", json_of(run.train)},
          {"test", json_of(run.test)},
          {"wrong_labels", run.memorisation.images},
          {"memorised_fraction", number(run.memorisation.memorised)},
          {"corrected_fraction", number(run.memorisation.corrected)},
          {"expected_calibration_error", run.calibration.expected_error},
          {"maximum_calibration_error", run.calibration.largest_error},
          {"mean_confidence", run.calibration.confidence}};
}

std::string calibration_table(const std::vector<RunMeasure>& runs) {
  std::string text = "run,low,high,images,confidence,accuracy\n";
  for (const RunMeasure& run : runs)
    for (const analysis::CalibrationBin& bin : run.calibration.bins)
      text += bin.images == 0 ? fmt::format("{},{},{},0,,\n", run.name, bin.low, bin.high)
                              : fmt::format("{},{},{},{},{},{}\n", run.name, bin.low, bin.high, bin.images,
                                            bin.confidence, bin.accuracy);
  return text;
}

std::string line_table(const std::vector<RunMeasure>& runs) {
  std::string text = "run,x,train_loss,test_loss\n";
  for (const RunMeasure& run : runs)
    for (std::size_t i = 0; i < run.positions.size(); ++i)
      text += fmt::format("{},{},{},{}\n", run.name, run.positions[i], run.train.line[i], run.test.line[i]);
  return text;
}

std::string plane_table(const std::vector<RunMeasure>& runs) {
  std::string text = "run,x,y,train_loss\n";
  for (const RunMeasure& run : runs)
    for (std::size_t y = 0; y < run.plane.size(); ++y)
      for (std::size_t x = 0; x < run.plane[y].size(); ++x)
        text += fmt::format("{},{},{},{}\n", run.name, run.sides[x], run.sides[y], run.plane[y][x]);
  return text;
}

}  // namespace

void write_reports(const std::filesystem::path& folder, const std::vector<RunMeasure>& runs) {
  Json all = Json::array();
  for (const RunMeasure& run : runs) all.push_back(json_of(run));
  replace_file(folder / "analysis.json", all.dump(2) + "\n");
  replace_file(folder / "calibration.csv", calibration_table(runs));
  if (!runs[0].positions.empty()) replace_file(folder / "landscape_line.csv", line_table(runs));
  if (!runs[0].plane.empty()) replace_file(folder / "landscape_plane.csv", plane_table(runs));
}

void print_summary(const std::vector<RunMeasure>& runs) {
  std::size_t width = 3;
  for (const RunMeasure& run : runs) width = std::max(width, run.name.size());
  const Table table({{"run", width},
                     {"train loss", 10},
                     {"test loss", 9},
                     {"test acc", 8},
                     {"memorised", 9},
                     {"corrected", 9},
                     {"ECE", 6},
                     {"grad norm", 9},
                     {"by tensor", 9},
                     {"by filter", 9}});
  const auto share = [](double value) {
    return std::isfinite(value) ? fmt::format("{:.1f}%", 100 * value) : std::string("-");
  };
  fmt::print("{}\n", table.heading());
  for (const RunMeasure& run : runs)
    fmt::print(
        "{}\n",
        table.row({run.name, fmt::format("{:.4f}", run.train.loss), fmt::format("{:.4f}", run.test.loss),
                   share(run.test.accuracy), share(run.memorisation.memorised), share(run.memorisation.corrected),
                   fmt::format("{:.4f}", run.calibration.expected_error),
                   fmt::format("{:.3g}", run.train.gradient.plain), fmt::format("{:.3g}", run.train.gradient.tensor),
                   fmt::format("{:.3g}", run.train.gradient.filter)}));
}

}  // namespace sluice::apps

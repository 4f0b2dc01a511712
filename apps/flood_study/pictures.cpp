// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/panels.h"
#include "apps/flood_study/paper.h"

namespace sluice::study {
namespace {

using apps::Axis;
using apps::LineStyle;
using apps::Panel;
using apps::PlotLine;
using apps::PlotPoint;

std::string title_of(const Cell& cell) {
  return cell.noise == 0 ? cell.dataset : fmt::format("{}, {:g} % wrong labels", cell.dataset, 100 * cell.noise);
}

std::vector<const RunResult*> runs_at(const Results& results, const Grid& grid, const Cell& cell, double level) {
  std::vector<const RunResult*> runs;
  for (std::int64_t seed = 0; seed < grid.seeds; ++seed)
    if (const auto found = results.find({cell, level, seed}); found != results.end()) runs.push_back(&found->second);
  return runs;
}

PlotPoint point_of(double x, const std::vector<double>& values) {
  const Summary summary = summarise(values);
  return {x, summary.mean, std::isfinite(summary.deviation) ? summary.deviation : 0};
}

// The mean curve of some runs, which all have the same epochs.
template <class Value>
PlotLine curve(const std::vector<const RunResult*>& runs, std::string label, std::size_t colour, LineStyle style,
               const Value& value) {
  PlotLine line{std::move(label), colour, style, {}};
  for (std::size_t i = 0; !runs.empty() && i < runs[0]->curve.size(); ++i) {
    std::vector<double> values;
    for (const RunResult* run : runs) values.push_back(value(run->curve[i]));
    line.points.push_back({static_cast<double>(runs[0]->curve[i].epoch), summarise(values).mean});
  }
  return line;
}

double test_loss(const EpochRecord& record) { return record.test->given.loss; }
double train_loss(const EpochRecord& record) { return record.train.loss; }

// The level of the grid nearest to the mean of those chosen, above 0; 0 where there is none.
double typical_level(const Results& results, const Grid& grid, const Cell& cell) {
  const double mean = summarise(choose_levels(results, grid, cell, Stopping::without), [](const Pair& pair) {
                        return pair.level;
                      }).mean;
  double nearest = 0;
  for (const double level : grid.levels)
    if (level > 0 && (nearest == 0 || std::abs(level - mean) < std::abs(nearest - mean))) nearest = level;
  return nearest;
}

// Cells in rows by data set.
std::size_t columns_of(const Grid& grid) {
  const auto same =
      std::ranges::count(grid.cells, grid.cells[0].dataset, [](const Cell& cell) { return cell.dataset; });
  return static_cast<std::size_t>(std::min<std::ptrdiff_t>(same, 3));
}

void draw_learning_curves(const std::filesystem::path& picture, const Grid& grid, const Results& results) {
  std::vector<Panel> panels;
  for (const Cell& cell : grid.cells) {
    const double level = typical_level(results, grid, cell);
    const auto plain = runs_at(results, grid, cell, 0), flooded = runs_at(results, grid, cell, level);
    Panel panel{.title = fmt::format("{}, b = {:g}", title_of(cell), level),
                .x_label = "epoch",
                .x = Axis::logarithmic,
                .y = Axis::logarithmic};
    const auto clipped = [](const EpochRecord& record) { return std::max(train_loss(record), 1e-3); };
    panel.lines.push_back(curve(plain, "test, without flooding", 0, LineStyle::strong, test_loss));
    panel.lines.push_back(curve(flooded, "test, flooded", 1, LineStyle::strong, test_loss));
    panel.lines.push_back(curve(plain, "training, without flooding", 0, LineStyle::light, clipped));
    panel.lines.push_back(curve(flooded, "training, flooded", 1, LineStyle::light, clipped));
    panels.push_back(std::move(panel));
  }
  apps::draw_panels(picture, "Loss by epoch, at the level nearest to the mean of those chosen", columns_of(grid),
                    panels);
}

void draw_test_by_level(const std::filesystem::path& picture, const Grid& grid, const Results& results) {
  std::vector<std::string> datasets;
  for (const Cell& cell : grid.cells)
    if (std::ranges::find(datasets, cell.dataset) == datasets.end()) datasets.push_back(cell.dataset);
  std::vector<Panel> panels;
  for (const bool accuracy : {false, true})
    for (const std::string& dataset : datasets) {
      Panel panel{.title = fmt::format("{}: test {}", dataset, accuracy ? "accuracy (%)" : "loss"),
                  .x_label = "flood level b"};
      std::size_t colour = 0;
      for (const Cell& cell : grid.cells) {
        if (cell.dataset != dataset) continue;
        PlotLine line{fmt::format("{:g} % wrong labels", 100 * cell.noise), colour++, LineStyle::strong, {}};
        for (const double level : grid.levels) {
          std::vector<double> values;
          for (const RunResult* run : runs_at(results, grid, cell, level))
            values.push_back(accuracy ? 100 * run->last.test->given.accuracy : run->last.test->given.loss);
          if (!values.empty()) line.points.push_back(point_of(level, values));
        }
        panel.lines.push_back(std::move(line));
      }
      panels.push_back(std::move(panel));
    }
  apps::draw_panels(picture, "After the last epoch, by flood level", datasets.size(), panels);
}

void draw_chosen_level(const std::filesystem::path& picture, const StudyOptions& options, const Results& results) {
  std::vector<Panel> panels;
  for (const Cell& cell : options.grid.cells) {
    if (panels.empty() || panels.back().title != cell.dataset) {
      panels.push_back({.title = cell.dataset, .x_label = "wrong labels (%)"});
      panels.back().lines = {{"chosen here", 0, LineStyle::strong, {}}, {"the paper's", 1, LineStyle::dashed, {}}};
    }
    std::vector<double> levels;
    for (const Pair& pair : choose_levels(results, options.grid, cell, Stopping::without)) levels.push_back(pair.level);
    std::vector<PlotLine>& lines = panels.back().lines;
    if (!levels.empty()) lines[0].points.push_back(point_of(100 * cell.noise, levels));
    if (const auto paper = paper_row(options, cell); paper && paper->last_epoch.level)
      lines[1].points.push_back({100 * cell.noise, paper->last_epoch.level->mean, 0});
  }
  apps::draw_panels(picture, "The level that validation chooses (no early stopping)",
                    std::min<std::size_t>(3, panels.size()), panels);
}

// Five levels at most, 0 among them.
std::vector<double> levels_to_show(const Grid& grid) {
  std::vector<double> levels{0};
  const std::size_t others = std::min<std::size_t>(4, grid.levels.size() - 1);
  for (std::size_t i = 1; i <= others; ++i)
    levels.push_back(grid.levels[std::max(i, i * (grid.levels.size() - 1) / (others + 1))]);
  return levels;
}

void draw_double_descent(const std::filesystem::path& picture, const Grid& grid, const Results& results) {
  std::vector<Panel> panels;
  for (const Cell& cell : grid.cells) {
    Panel panel{.title = title_of(cell), .x_label = "epoch", .x = Axis::logarithmic, .y = Axis::logarithmic};
    std::size_t colour = 0;
    for (const double level : levels_to_show(grid))
      panel.lines.push_back(curve(runs_at(results, grid, cell, level),
                                  level == 0 ? "without flooding" : fmt::format("b = {:g}", level), colour++,
                                  LineStyle::strong, test_loss));
    panels.push_back(std::move(panel));
  }
  apps::draw_panels(picture, "Test loss by epoch", columns_of(grid), panels);
}

}  // namespace

void draw_study(const std::filesystem::path& folder, const StudyOptions& options, const Results& results) {
  if (results.empty()) return;
  draw_learning_curves(folder / "learning_curves.svg", options.grid, results);
  draw_test_by_level(folder / "test_by_level.svg", options.grid, results);
  draw_chosen_level(folder / "chosen_level.svg", options, results);
  draw_double_descent(folder / "double_descent.svg", options.grid, results);
}

}  // namespace sluice::study

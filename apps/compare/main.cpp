// SPDX-License-Identifier: Apache-2.0
// sluice-compare: several runs side by side, as a table and a picture.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sluice/base/file.h>
#include <sluice/flooding/flood_schedule.h>
#include "apps/common/command_line.h"
#include "apps/common/curves.h"
#include "apps/common/exit_codes.h"
#include "apps/common/metrics.h"
#include "apps/common/number_text.h"
#include "apps/common/table.h"
#include "apps/common/toml.h"

namespace sluice::apps {
namespace {

namespace fs = std::filesystem;

struct Run {
  std::string label;
  std::vector<MetricsRow> rows;  // at least one
  std::map<std::string, std::string> options;

  std::string option(const std::string& name) const {
    const auto found = options.find(name);
    return found == options.end() ? "?" : found->second;
  }
  bool flooded() const { return options.contains("flood-level") && option("flood-level") != "0"; }
};

std::map<std::string, std::string> read_configuration(const fs::path& path) {
  if (!fs::exists(path))
    throw IoError(fmt::format("there is no {}; is {} a run folder?", path.string(), path.parent_path().string()));
  File file(path, File::Access::read);
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size());
  std::map<std::string, std::string> options;
  try {
    for (const TomlEntry& entry : parse_toml(text))
      options[entry.key] = fmt::format("{}", fmt::join(entry.values, ","));
  } catch (const IoError& error) {
    throw IoError(fmt::format("{}, {}", path.string(), error.what()));
  }
  return options;
}

Run read_run(const fs::path& folder) {
  Run run{.options = read_configuration(folder / "config.toml")};
  const fs::path metrics = folder / "metrics.csv";
  run.rows = read_metrics(metrics);
  if (run.rows.empty()) throw IoError(fmt::format("{} holds no epoch yet", metrics.string()));
  return run;
}

// The last part of each folder's path where these tell the runs apart, else the paths as given.
std::vector<std::string> labels_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names, paths;
  for (const fs::path& folder : folders) {
    const fs::path clean = (folder / "").lexically_normal().parent_path();
    names.push_back(clean.filename().string());
    paths.push_back(clean.string());
  }
  return std::set<std::string>(names.begin(), names.end()).size() == names.size() ? names : paths;
}

// What all runs agree on: "resnet20 on cifar10".
std::string title_of(const std::vector<Run>& runs) {
  const auto common = [&](const std::string& name) -> std::string {
    const auto same = [&](const Run& run) { return run.option(name) == runs[0].option(name); };
    return std::ranges::all_of(runs, same) ? runs[0].option(name) : "?";
  };
  const std::string model = common("model"), dataset = common("dataset");
  if (model == "?" && dataset == "?") return "Comparison";
  if (model == "?") return "on " + dataset;
  return dataset == "?" ? model : model + " on " + dataset;
}

// The best row by a value of it; NaN is never the best.
const MetricsRow& best(const std::vector<MetricsRow>& rows, double MetricsRow::*value,
                       std::function<bool(double, double)> better) {
  const MetricsRow* found = &rows[0];
  for (const MetricsRow& row : rows)
    if (better(row.*value, found->*value) || std::isnan(found->*value)) found = &row;
  return *found;
}

void print_table(const std::vector<Run>& runs) {
  std::vector<Column> columns{{.title = "", .width = 22}};
  for (const Run& run : runs) columns.push_back({.title = run.label, .width = 16});
  const Table table(columns);
  fmt::print("{}\n", table.heading());
  const auto line = [&](const std::string& name, const std::function<std::string(const Run&)>& cell) {
    std::vector<std::string> cells{name};
    for (const Run& run : runs) cells.push_back(cell(run));
    fmt::print("{}\n", table.row(cells));
  };
  line("model", [](const Run& run) { return run.option("model"); });
  line("flood level", [](const Run& run) { return run.flooded() ? run.option("flood-level") : "none"; });
  line("epochs", [](const Run& run) { return fmt::to_string(run.rows.back().epoch); });
  line("train loss", [](const Run& run) { return decimal(run.rows.back().train_loss); });
  line("train accuracy", [](const Run& run) { return percent(run.rows.back().train_accuracy, " "); });
  line("flooded batches", [](const Run& run) { return percent(run.rows.back().flooded_fraction, " "); });
  line("test loss", [](const Run& run) { return decimal(run.rows.back().test_loss); });
  line("  best (epoch)", [](const Run& run) {
    const MetricsRow& row = best(run.rows, &MetricsRow::test_loss, std::less<double>());
    return fmt::format("{} ({})", decimal(row.test_loss), row.epoch);
  });
  line("test accuracy", [](const Run& run) { return percent(run.rows.back().test_accuracy, " "); });
  line("  best (epoch)", [](const Run& run) {
    const MetricsRow& row = best(run.rows, &MetricsRow::test_accuracy, std::greater<double>());
    return fmt::format("{} ({})", percent(row.test_accuracy, " "), row.epoch);
  });
  line("seconds", [](const Run& run) { return fmt::format("{:.0f}", run.rows.back().seconds); });
}

CurveRun curve_of(const Run& run) {
  CurveRun curve{.label = run.label, .rows = run.rows};
  if (!run.flooded()) return curve;
  const FloodSchedule levels = FloodSchedule::parse(run.option("flood-level"));
  for (const MetricsRow& row : run.rows) curve.flood_levels.push_back(levels.level_at(row.epoch - 1));
  return curve;
}

int run(int argc, char** argv) {
  std::vector<fs::path> folders;
  fs::path picture;
  std::string title;
  CLI::App app{"Shows several runs side by side: a table of their last epochs, and their curves in one picture.",
               "sluice-compare"};
  app.add_option("runs", folders, "Run folders of sluice-train")->required()->type_name("RUN");
  app.add_option("--out", picture, "Draw the curves here, as .svg or .png by its ending [no picture]")
      ->check([](const std::string& path) {
        const bool known = path.ends_with(".svg") || path.ends_with(".png");
        return known ? std::string() : fmt::format("'{}' must end in .svg or .png", path);
      });
  app.add_option("--title", title, "Title of the picture [model and data set, where the runs agree]");
  parse_or_exit(app, argc, argv);

  std::vector<Run> runs;
  std::vector<CurveRun> curves;
  const std::vector<std::string> labels = labels_of(folders);
  for (std::size_t i = 0; i < folders.size(); ++i) {
    runs.push_back(read_run(folders[i]));
    runs.back().label = labels[i];
    curves.push_back(curve_of(runs.back()));
  }
  print_table(runs);
  if (!picture.empty()) {
    if (!draw_curves(picture, title.empty() ? title_of(runs) : title, curves)) return exit_error;
    fmt::print("\nCurves: {}\n", picture.string());
  }
  for (const Run& run : runs)
    for (const MetricsRow& row : run.rows)
      if (!std::isfinite(row.train_loss) || !std::isfinite(row.test_loss))
        throw NumericError(fmt::format("{}: a loss of epoch {} is not finite", run.label, row.epoch));
  return exit_ok;
}

}  // namespace
}  // namespace sluice::apps

int main(int argc, char** argv) {
  return sluice::apps::run_main("sluice-compare", [&] { return sluice::apps::run(argc, argv); });
}

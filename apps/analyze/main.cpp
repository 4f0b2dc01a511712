// SPDX-License-Identifier: Apache-2.0
// sluice-analyze: what training left behind: sharpness, the landscape around it, what was memorised, calibration.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <set>

#include <sluice/base/threads.h>
#include "apps/analyze/measure.h"
#include "apps/analyze/pictures.h"
#include "apps/analyze/report.h"
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"

namespace sluice::apps {
namespace {

struct AnalyzeOptions {
  std::vector<std::filesystem::path> runs;
  std::filesystem::path out;
  int threads = 0;
  MeasureOptions measure;
};

AnalyzeOptions parse(int argc, char** argv) {
  AnalyzeOptions o;
  CLI::App app{
      "Analyses the newest checkpoints of runs of sluice-train: gradient norms, the loss landscape, memorised "
      "labels, calibration.",
      "sluice-analyze"};
  app.option_defaults()->always_capture_default();
  app.add_option("runs", o.runs, "Run folders; several are drawn together")->required();
  app.add_option("--out", o.out, "Folder for tables and pictures [analysis/ in the run's folder]");
  app.add_option("--data", o.measure.data, "Folder that holds the data set's files [as the run had it]");
  app.add_option("--images", o.measure.images, "Images of either split for gradients and landscapes; 0: all")
      ->check(count_from(0));
  app.add_option("--points", o.measure.points, "Points of the one-dimensional landscape; 0: none")
      ->check(within(0, 10001));
  app.add_option("--grid", o.measure.grid, "Points along a side of the two-dimensional landscape; 0: none")
      ->check(within(0, 1001));
  app.add_option("--radius", o.measure.radius, "How far to go, in lengths of the weights")->check(positive());
  app.add_option("--bins", o.measure.bins, "Bins of the reliability diagram")->check(within(1, 1000));
  app.add_option("--seed", o.measure.seed, "Seed of the random directions");
  app.add_option("--threads", o.threads, "Processor threads; 0: all")->check(within(0, 4096));
  parse_or_exit(app, argc, argv);
  if (o.measure.grid == 1) throw UsageError("--grid 1: a plane has at least two points a side");
  std::set<std::string> names;
  for (const std::filesystem::path& run : o.runs)
    if (!names.insert(run.filename().string()).second)
      throw UsageError(
          fmt::format("two runs are called '{}'; their pictures could not tell them apart", run.filename().string()));
  if (o.out.empty() && o.runs.size() > 1) throw UsageError("several runs need a folder for their pictures: --out DIR");
  if (o.out.empty()) o.out = o.runs[0] / "analysis";
  return o;
}

int run(int argc, char** argv) {
  const AnalyzeOptions options = parse(argc, argv);
  if (options.threads > 0) set_thread_count(options.threads);
  std::vector<RunMeasure> measures;
  for (const std::filesystem::path& folder : options.runs) measures.push_back(measure_run(folder, options.measure));
  std::filesystem::create_directories(options.out);
  write_reports(options.out, measures);
  draw_pictures(options.out, measures);
  print_summary(measures);
  fmt::print("{}\n", options.out.string());
  return exit_ok;
}

}  // namespace
}  // namespace sluice::apps

int main(int argc, char** argv) {
  return sluice::apps::run_main("sluice-analyze", [&] { return sluice::apps::run(argc, argv); });
}

// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "apps/flood_study/acceptance.h"
#include "apps/flood_study/paper.h"

namespace sluice::study {
namespace {

using Row = std::vector<std::string>;

// Columns as wide as their widest cell.
std::string markdown(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 3);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) text += fmt::format("| {:<{}} ", rows[r][i], widths[i]);
    text += "|\n";
    if (r > 0) continue;
    for (const std::size_t width : widths) text += fmt::format("|{:-<{}}", "", width + 2);
    text += "|\n";
  }
  return text;
}

std::string with_deviation(const Summary& summary) {
  if (summary.count < 2) return fmt::format("{:.2f}", summary.mean);
  return fmt::format("{:.2f} ({:.2f})", summary.mean, summary.deviation);
}

std::string text_of(const std::optional<PaperValue>& value) {
  if (!value) return "-";
  return value->deviation ? fmt::format("{:.2f} ({:.2f})", value->mean, *value->deviation)
                          : fmt::format("{:.2f}", value->mean);
}

double percent_baseline(const Pair& pair) { return 100 * pair.baseline.given.accuracy; }
double percent_flooded(const Pair& pair) { return 100 * pair.flooded.given.accuracy; }

std::string main_table(const StudyOptions& options, const Results& results) {
  std::vector<Row> rows{
      {"data", "noise", "seeds", "without", "with", "b", "stopped: without", "stopped: with", "stopped: b"}};
  for (const Cell& cell : options.grid.cells) {
    Row ours{cell.dataset, fmt::format("{:g} %", 100 * cell.noise)};
    for (const Stopping stopping : {Stopping::without, Stopping::early}) {
      const std::vector<Pair> pairs = choose_levels(results, options.grid, cell, stopping);
      if (stopping == Stopping::without) ours.push_back(std::to_string(pairs.size()));
      if (pairs.empty())
        ours.insert(ours.end(), 3, "");
      else
        ours.insert(ours.end(), {with_deviation(summarise(pairs, percent_baseline)),
                                 with_deviation(summarise(pairs, percent_flooded)),
                                 with_deviation(summarise(pairs, [](const Pair& pair) { return pair.level; }))});
    }
    rows.push_back(ours);
    if (const auto paper = paper_row(options, cell)) {
      Row theirs{"  the paper", "", ""};
      for (const PaperHalf& half : {paper->last_epoch, paper->early_stopping})
        theirs.insert(theirs.end(), {text_of(half.without), text_of(half.with), text_of(half.level)});
      rows.push_back(theirs);
    }
  }
  return markdown(rows);
}

std::string difference(const Summary& summary) {
  if (summary.count < 2) return fmt::format("{:+.2f}", summary.mean);
  return fmt::format("{:+.2f} +- {:.2f}", summary.mean, summary.standard_error());
}

std::string t_of(const Summary& summary) {
  const double t = summary.mean / summary.standard_error();
  return std::isfinite(t) ? fmt::format("{:.1f}", t) : "-";
}

std::string paired_table(const StudyOptions& options, const Results& results) {
  std::vector<Row> rows{{"data", "noise", "accuracy", "t", "clean accuracy", "test loss without", "with", "ratio",
                         "stopped: accuracy", "t"}};
  for (const Cell& cell : options.grid.cells) {
    Row row{cell.dataset, fmt::format("{:g} %", 100 * cell.noise)};
    for (const Stopping stopping : {Stopping::without, Stopping::early}) {
      const std::vector<Pair> pairs = choose_levels(results, options.grid, cell, stopping);
      const auto gain =
          summarise(pairs, [](const Pair& p) { return 100 * (p.flooded.given.accuracy - p.baseline.given.accuracy); });
      row.insert(row.end(), {difference(gain), t_of(gain)});
      if (stopping == Stopping::early) continue;
      row.insert(
          row.end(),
          {difference(summarise(
               pairs, [](const Pair& p) { return 100 * (p.flooded.clean_accuracy - p.baseline.clean_accuracy); })),
           with_deviation(summarise(pairs, [](const Pair& p) { return p.baseline.given.loss; })),
           with_deviation(summarise(pairs, [](const Pair& p) { return p.flooded.given.loss; })),
           with_deviation(
               summarise(pairs, [](const Pair& p) { return p.flooded.given.loss / p.baseline.given.loss; }))});
    }
    rows.push_back(row);
  }
  return markdown(rows);
}

std::string csv_of(const EpochRecord& record) {
  return fmt::format("{},{},{},{},{},{},{},{},{}", record.epoch, record.train.loss, record.train.accuracy,
                     record.flooded, record.validation.loss, record.validation.accuracy, record.test->given.loss,
                     record.test->given.accuracy, record.test->clean_accuracy);
}

}  // namespace

std::string table_text(const StudyOptions& options, const Results& results) {
  const Grid& grid = options.grid;
  std::string text = fmt::format(
      "{} of {} runs; {} levels from {} to {}, {} seeds, {} epochs, {}\n\n"
      "Test accuracy in percent, mean (standard deviation) over the seeds, after the last epoch and at the epoch of "
      "the best "
      "validation\naccuracy (\"stopped\"). b is chosen for each seed by validation accuracy.\n\n",
      results.size(), grid.runs().size(), grid.levels.size(), grid.levels.front(), grid.levels.back(), grid.seeds,
      options.epochs, options.model);
  text += main_table(options, results);
  text +=
      "\nWith less without, pair by pair: mean +- standard error, t its ratio. The clean accuracy is on labels without "
      "noise.\n\n";
  return text + paired_table(options, results);
}

std::string acceptance_text(const StudyOptions& options, const Results& results) {
  std::string text = "| row | claim and rule | verdict | figure |\n|---|---|---|---|\n";
  for (const AcceptanceRow& row : acceptance(options, results)) {
    const char* verdict = row.verdict == Verdict::pass ? "pass" : row.verdict == Verdict::fail ? "**fail**" : "not run";
    text += fmt::format("| {} | {} | {} | {} |\n", row.name, row.claim, verdict, row.figure);
  }
  return text;
}

std::string csv_text(const Results& results) {
  std::string text = "dataset,noise,level,seed,settled_train_loss,settled_flooded";
  for (const char* state : {"last", "best"})
    for (const char* column : {"epoch", "train_loss", "train_accuracy", "flooded", "validation_loss",
                               "validation_accuracy", "test_loss", "test_accuracy", "test_clean_accuracy"})
      text += fmt::format(",{}_{}", state, column);
  text += "\n";
  for (const auto& [key, run] : results)
    text += fmt::format("{},{},{},{},{},{},{},{}\n", key.cell.dataset, key.cell.noise, key.level, key.seed,
                        run.settled_train_loss, run.settled_flooded, csv_of(run.last), csv_of(run.best));
  return text;
}

}  // namespace sluice::study

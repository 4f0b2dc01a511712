// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/acceptance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/flood_study/paper.h"

namespace sluice::study {
namespace {

// What a row is judged on.
struct Study {
  const StudyOptions& options;
  const Results& results;

  const Grid& grid() const { return options.grid; }
  std::vector<Pair> pairs(const Cell& cell, Stopping stopping) const {
    return choose_levels(results, grid(), cell, stopping);
  }
};

// Gathers what a row finds, one part a cell.
class Finding {
 public:
  void add(bool holds, const std::string& part) {
    all_ &= holds;
    text_ += (text_.empty() ? "" : "; ") + part + (holds ? "" : " (fails)");
  }
  AcceptanceRow row(std::string name, std::string claim) const {
    return {std::move(name), std::move(claim),
            text_.empty() ? Verdict::not_run
            : all_        ? Verdict::pass
                          : Verdict::fail,
            text_};
  }

 private:
  bool all_ = true;
  std::string text_;
};

std::string name_of(const Cell& cell) { return fmt::format("{} {:g} %", cell.dataset, 100 * cell.noise); }

// Of all seeds but a tenth.
bool nearly_all(std::int64_t holding, std::int64_t seeds) { return seeds > 0 && 10 * holding >= 9 * seeds; }

AcceptanceRow floats_at_level(const Study& study) {
  std::int64_t runs = 0, at_level = 0, half_flooded = 0;
  double lowest = 1, highest = 0;
  for (const auto& [key, run] : study.results) {
    if (key.level == 0) continue;
    ++runs;
    at_level += std::abs(run.settled_train_loss - key.level) <= std::max(0.1 * key.level, 0.01);
    half_flooded += run.settled_flooded >= 0.4 && run.settled_flooded <= 0.6;
    lowest = std::min(lowest, run.settled_flooded);
    highest = std::max(highest, run.settled_flooded);
  }
  Finding finding;
  if (runs > 0) {
    finding.add(at_level == runs, fmt::format("loss at the level in {} of {} runs", at_level, runs));
    finding.add(half_flooded == runs, fmt::format("flooded share in [0.4, 0.6] in {} of {}, from {:.2f} to {:.2f}",
                                                  half_flooded, runs, lowest, highest));
  }
  return finding.row("S1",
                     "Training loss floats at b: last tenth of the epochs within max(10 %, 0.01) of b, flooded "
                     "share of the last fifth in [0.4, 0.6], every run");
}

AcceptanceRow baseline_memorises(const Study& study) {
  std::int64_t runs = 0, memorised = 0;
  double worst_loss = 0, worst_accuracy = 1;
  for (const auto& [key, run] : study.results) {
    if (key.level != 0) continue;
    ++runs;
    memorised += run.last.train.accuracy == 1 && run.last.train.loss < 1e-2;
    worst_loss = std::max(worst_loss, run.last.train.loss);
    worst_accuracy = std::min(worst_accuracy, run.last.train.accuracy);
  }
  Finding finding;
  if (runs > 0)
    finding.add(memorised == runs, fmt::format("{} of {} runs; worst accuracy {:.1f} %, worst loss {:.2g}", memorised,
                                               runs, 100 * worst_accuracy, worst_loss));
  return finding.row("S2",
                     "Without flooding the network memorises: training accuracy 100 %, loss below 0.01, every run");
}

AcceptanceRow test_loss_falls(const Study& study) {
  Finding finding;
  for (const Cell& cell : study.grid().cells) {
    if (cell.noise != 0.1) continue;
    const std::vector<Pair> pairs = study.pairs(cell, Stopping::without);
    const auto ratio = [](const Pair& pair) { return pair.flooded.given.loss / pair.baseline.given.loss; };
    const auto holding = std::ranges::count_if(pairs, [&](const Pair& pair) { return ratio(pair) <= 0.6; });
    if (!pairs.empty())
      finding.add(nearly_all(holding, std::ssize(pairs)),
                  fmt::format("{} {:.2f} ({} of {} seeds)", name_of(cell), summarise(pairs, ratio).mean, holding,
                              pairs.size()));
  }
  return finding.row("S3",
                     "At 10 % noise the final test loss is at most 0.6 of that without flooding, in 9 of 10 seeds");
}

// The 95 % quantile of Student's t; from ten degrees of freedom on, that of nine, which is a little too strict.
double student_t(std::int64_t degrees) {
  constexpr std::array quantiles{6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833};
  return degrees < 1 ? HUGE_VAL : quantiles[static_cast<std::size_t>(std::min<std::int64_t>(degrees, 9)) - 1];
}

AcceptanceRow accuracy_rises(const Study& study) {
  Finding finding;
  for (const Cell& cell : study.grid().cells) {
    const bool required = (cell.dataset == "gaussian" || cell.dataset == "spiral")
                              ? cell.noise == 0.05 || cell.noise == 0.1
                              : cell.dataset == "sinusoid" && cell.noise == 0.1;
    const std::vector<Pair> pairs = study.pairs(cell, Stopping::without);
    if (!required || pairs.size() < 2) continue;
    const Summary gain = summarise(
        pairs, [](const Pair& pair) { return 100 * (pair.flooded.given.accuracy - pair.baseline.given.accuracy); });
    const double t = gain.mean / gain.standard_error();
    finding.add(t > student_t(gain.count - 1), fmt::format("{} {:+.2f} (t {:.1f})", name_of(cell), gain.mean, t));
  }
  return finding.row(
      "S4",
      "Accuracy rises without early stopping: mean paired gain above 0, one-sided t test at 5 %; Gaussian "
      "and spiral at 5 and 10 %, sinusoid at 10 %");
}

AcceptanceRow agrees_with_the_paper(const Study& study) {
  Finding finding;
  for (const Cell& cell : study.grid().cells) {
    const auto paper = paper_row(study.options, cell);
    const std::vector<Pair> pairs = study.pairs(cell, Stopping::without);
    if (!paper || pairs.empty()) continue;
    const double without = summarise(pairs, [](const Pair& pair) { return 100 * pair.baseline.given.accuracy; }).mean -
                           paper->last_epoch.without.mean;
    const double with = summarise(pairs, [](const Pair& pair) { return 100 * pair.flooded.given.accuracy; }).mean -
                        paper->last_epoch.with->mean;
    const double bound = cell.dataset == "spiral" ? 4 : 3;
    finding.add(std::max(std::abs(without), std::abs(with)) <= bound,
                fmt::format("{} {:+.1f}, {:+.1f}", name_of(cell), without, with));
  }
  return finding.row("S5", "Mean accuracies, without and with flooding, within 3 points of the paper's (spiral 4)");
}

AcceptanceRow level_grows(const Study& study) {
  Finding finding;
  for (const Cell& first : study.grid().cells) {
    if (first.noise != 0.01) continue;
    std::vector<double> means;
    for (const double noise : {0.01, 0.05, 0.1}) {
      const std::vector<Pair> pairs = study.pairs({first.dataset, noise}, Stopping::without);
      if (!pairs.empty()) means.push_back(summarise(pairs, [](const Pair& pair) { return pair.level; }).mean);
    }
    if (means.size() == 3)
      finding.add(means[0] < means[1] && means[1] < means[2],
                  fmt::format("{} {:.3f}, {:.3f}, {:.3f}", first.dataset, means[0], means[1], means[2]));
  }
  return finding.row("S6", "The mean chosen level grows with the noise: 1 % < 5 % < 10 % for every set");
}

AcceptanceRow early_stopping_holds(const Study& study) {
  Finding finding;
  for (const Cell& cell : study.grid().cells) {
    const std::vector<Pair> pairs = study.pairs(cell, Stopping::early);
    if (pairs.empty() || cell.noise == 0) continue;
    const double gain = summarise(pairs, [](const Pair& pair) {
                          return 100 * (pair.flooded.given.accuracy - pair.baseline.given.accuracy);
                        }).mean;
    finding.add(gain >= -0.5, fmt::format("{} {:+.2f}", name_of(cell), gain));
  }
  return finding.row("S7", "With early stopping flooding loses at most 0.5 points in any cell");
}

bool descends_twice(const RunResult& flooded, const RunResult& plain) {
  double minimum = HUGE_VAL;
  bool bump = false;
  for (const EpochRecord& record : flooded.curve) {
    const double loss = record.test->given.loss;
    bump |= record.epoch >= 10 && record.epoch <= 100 && loss >= 1.5 * flooded.last.test->given.loss && loss > minimum;
    minimum = std::min(minimum, loss);
  }
  double plain_minimum = HUGE_VAL;
  for (const EpochRecord& record : plain.curve) plain_minimum = std::min(plain_minimum, record.test->given.loss);
  return bump && plain.last.test->given.loss >= 2 * plain_minimum;
}

AcceptanceRow double_descent(const Study& study) {
  const Cell cell{"spiral", 0.1};
  std::int64_t seeds = 0, holding = 0;
  for (std::int64_t seed = 0; seed < study.grid().seeds; ++seed) {
    const auto flooded = study.results.find({cell, 0.2, seed}), plain = study.results.find({cell, 0, seed});
    if (flooded == study.results.end() || plain == study.results.end()) continue;
    ++seeds;
    holding += descends_twice(flooded->second, plain->second);
  }
  Finding finding;
  if (seeds > 0) finding.add(nearly_all(holding, seeds), fmt::format("{} of {} seeds", holding, seeds));
  return finding.row(
      "S8",
      "Double descent on the spiral at 10 % noise, b = 0.2: at some epoch from 10 to 100 the test loss is at "
      "least 1.5 times the final one and above an earlier one; without flooding it ends at twice its "
      "minimum or more; 9 of 10 seeds");
}

AcceptanceRow no_noise_no_claim(const Study& study) {
  Finding finding;
  const std::vector<Pair> pairs = study.pairs({"gaussian", 0}, Stopping::without);
  if (!pairs.empty()) {
    const double gain = summarise(pairs, [](const Pair& pair) {
                          return 100 * (pair.flooded.given.accuracy - pair.baseline.given.accuracy);
                        }).mean;
    finding.add(std::abs(gain) <= 1, fmt::format("{:+.2f} points", gain));
  }
  return finding.row("S9", "Without noise the accuracy on the Gaussians changes by at most 1 point");
}

}  // namespace

std::vector<AcceptanceRow> acceptance(const StudyOptions& options, const Results& results) {
  const Study study{options, results};
  return {floats_at_level(study),      baseline_memorises(study),    test_loss_falls(study),
          accuracy_rises(study),       agrees_with_the_paper(study), level_grows(study),
          early_stopping_holds(study), double_descent(study),        no_noise_no_claim(study)};
}

}  // namespace sluice::study

// SPDX-License-Identifier: Apache-2.0
#include "apps/train/objective_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include <sluice/flooding/flood_schedule.h>
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"

namespace sluice::apps {
namespace {

void refuse(bool contradiction, const std::string& message) {
  if (contradiction) throw UsageError(message);
}

}  // namespace

void add_objective_options(CLI::App& app, ObjectiveOptions& o) {
  const std::string group = "Objective";
  app.add_option("--flood-level", o.flood_level,
                 "Level b of flooding, |L-b|+b on the batch mean; 0: none. A schedule by epochs: 0:0.1,20:0.05")
      ->check(parsed_by([](const std::string& text) { FloodSchedule::parse(text); }))
      ->group(group);
  app.add_option("--flood-granularity", o.flood_granularity,
                 "What meets its level: the batch mean, the mean of each --flood-group, or each sample (iFlood)")
      ->check(one_of({"batch", "group", "sample"}))
      ->group(group);
  app.add_option("--flood-group", o.flood_group, "Images a group, consecutive in the batch")
      ->check(count_from(0))
      ->group(group);
  app.add_option("--flood-transform", o.flood_transform,
                 "hard: turns the gradient round at the level; soft: lets it fade there (SoftAD)")
      ->check(one_of({"hard", "soft"}))
      ->group(group);
  app.add_option("--flood-softness", o.flood_softness, "Sigma of the soft transform, > 0, nats")
      ->check(positive())
      ->group(group);
  app.add_option("--flood-class-levels", o.flood_class_levels, "A level for each class, as in 0.1,0.2,...; 0: none")
      ->check(parsed_by([](const std::string& text) { parse_floats(text); }))
      ->group(group);
  app.add_option(
         "--flood-sample-levels", o.flood_sample_levels,
         "Safetensors file with a level for each training image, levels [N], or with losses [N] under auxiliary "
         "networks that did not train on it (AdaFlood); in the order of the training images. Or several, as in A,B, "
         "each with NaN for the images of the others")
      ->transform(absolute_paths())
      ->group(group);
  app.add_option("--adaflood-gamma", o.adaflood_gamma,
                 "Gamma in [0,1] of AdaFlood, which makes such losses l the levels -log((1-gamma) exp(-l) + gamma)")
      ->check(within(0.0, 1.0))
      ->group(group);
  app.add_option("--relaxloss", o.relaxloss,
                 "Alpha of RelaxLoss: floods in even epochs, flattens the posterior below it in odd ones; 0: none")
      ->check(at_least_zero())
      ->group(group);
  app.add_option("--label-smoothing", o.label_smoothing, "Label smoothing of the cross entropy, in [0,1)")
      ->check(within(0.0, 0.999))
      ->group(group);
}

bool ObjectiveOptions::floods() const {
  return flood_level != "0" || !flood_class_levels.empty() || !flood_sample_levels.empty() || relaxloss > 0;
}

void ObjectiveOptions::check(std::int64_t accumulate) const {
  std::vector<std::string> sources;
  if (flood_level != "0") sources.emplace_back("--flood-level");
  if (!flood_class_levels.empty()) sources.emplace_back("--flood-class-levels");
  if (!flood_sample_levels.empty()) sources.emplace_back("--flood-sample-levels");
  if (relaxloss > 0) sources.emplace_back("--relaxloss");
  refuse(sources.size() > 1, fmt::format("{} each say the level; choose one", fmt::join(sources, " and ")));

  const bool groups = flood_granularity == "group";
  const bool plain = flood_granularity == "batch" && flood_transform == "hard";
  refuse(sources.empty() && !plain,
         fmt::format("--flood-granularity {} and --flood-transform {} need a level; give --flood-level",
                     flood_granularity, flood_transform));
  refuse(groups != (flood_group > 0), groups ? "--flood-granularity group needs --flood-group N, the images of a group"
                                             : fmt::format("--flood-group {} needs --flood-granularity group, got {}",
                                                           flood_group, flood_granularity));
  refuse(accumulate > 1 && groups, "--accumulate would cut the groups of --flood-group apart; use one of the two");
  const bool varied = !flood_class_levels.empty() || !flood_sample_levels.empty();
  refuse(accumulate > 1 && varied && flood_granularity != "sample",
         "levels by class or image meet the mean of a whole batch, which --accumulate cuts; use --flood-granularity "
         "sample");
  refuse(relaxloss > 0 && (!plain || accumulate > 1 || label_smoothing > 0),
         "--relaxloss is a recipe of its own: it goes without --flood-granularity, --flood-transform, --accumulate and "
         "--label-smoothing");
}

std::map<std::string, std::string> ObjectiveOptions::identity() const {
  return {{"label-smoothing", fmt::to_string(label_smoothing)},
          {"flood-level", flood_level},
          {"flood-class-levels", flood_class_levels},
          {"flood-sample-levels", flood_sample_levels},
          {"relaxloss", fmt::to_string(relaxloss)},
          {"adaflood-gamma", fmt::to_string(adaflood_gamma)},
          {"flood-granularity", flood_granularity},
          {"flood-group", std::to_string(flood_group)},
          {"flood-transform", flood_transform},
          {"flood-softness", fmt::to_string(flood_softness)}};
}

}  // namespace sluice::apps

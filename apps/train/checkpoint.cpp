// SPDX-License-Identifier: Apache-2.0
// What a run leaves in its folder, and how it is taken up again from there.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include <sluice/base/threads.h>
#include <sluice/core/archive.h>
#include <sluice/nn/state.h>
#include "apps/common/exit_codes.h"
#include "apps/common/output.h"
#include "apps/common/tuning_file.h"
#include "apps/train/trainer.h"

namespace sluice::apps {
namespace {

constexpr const char* kSampleLevels = "sample_levels";

void append_prefixed(std::vector<NamedTensor>& all, const std::string& prefix, const std::vector<NamedTensor>& some) {
  for (const NamedTensor& entry : some) all.push_back({prefix + entry.name, entry.tensor});
}

}  // namespace

void Trainer::open_folder(const std::string& configuration) {
  const ExistingRun existing = options_.resume      ? ExistingRun::resume
                               : options_.overwrite ? ExistingRun::overwrite
                                                    : ExistingRun::refuse;
  folder_.emplace(options_.out, existing);
  if (!options_.tuning.empty()) load_tuning(options_.tuning);
  if (options_.resume) {
    if (exists(folder_->path() / "tuning.json")) load_tuning(folder_->path() / "tuning.json");
    restore_newest();
    if (extended_) folder_->write("config.toml", configuration);
  } else {
    keep_tuning();
    folder_->write("config.toml", configuration);
  }
  metrics_.emplace(folder_->path() / "metrics.csv", position_.epoch);
  if (validation_) validation_metrics_.emplace(folder_->path() / "validation.csv", position_.epoch);
  events_.emplace(folder_->path(), position_.step, options_.identity());
}

void Trainer::save_checkpoint() {
  expect_finite_state();
  keep_tuning();
  folder_->write_checkpoint(position_.step, [this](const std::filesystem::path& folder) {
    const std::map<std::string, std::string> about{
        {"model", options_.model},
        {"dataset", options_.dataset},
        {"mean", fmt::format("{}", fmt::join(normalisation_.mean, ","))},
        {"deviation", fmt::format("{}", fmt::join(normalisation_.deviation, ","))},
        {"epoch", std::to_string(position_.epoch)},
        {"step", std::to_string(position_.step)},
        {"test_images", std::to_string(images_.test.size())}};
    nn::save_model(*model_, folder / "model.safetensors", about);
    if (average_) {
      average_->swap();
      nn::save_model(*model_, folder / "average.safetensors", about);
      average_->swap();
    }
    std::vector<NamedTensor> tensors;
    append_prefixed(tensors, kOptimizerPrefix, optimizer_->state());
    if (average_) append_prefixed(tensors, kAveragePrefix, average_->state());
    if (meter_.state().defined()) tensors.push_back({kMeterName, meter_.state()});
    std::map<std::string, std::string> counters{{"epoch", std::to_string(position_.epoch)},
                                                {"batch", std::to_string(position_.batch)},
                                                {"step", std::to_string(position_.step)},
                                                {"seconds", fmt::to_string(position_.seconds)},
                                                {"epoch_seconds", fmt::to_string(position_.epoch_seconds)},
                                                {"threads", std::to_string(thread_count())}};
    for (const auto& [name, value] : options_.identity()) counters["option." + name] = value;
    counters[kSampleLevels] = objective_->fingerprint();
    save_safetensors(folder / "training.safetensors", tensors, counters);
  });
}

// A checkpoint that is damaged or not finite is named and set aside, and the one before it taken.
void Trainer::restore_newest() {
  std::vector<std::filesystem::path> damaged;
  std::string complaints;
  for (const std::filesystem::path& checkpoint : RunFolder::checkpoints(folder_->path())) {
    try {
      restore(checkpoint);
    } catch (const IoError& error) {
      damaged.push_back(checkpoint);
      complaints += fmt::format("{}{}", complaints.empty() ? "" : "; ", error.what());
      continue;
    }
    if (!damaged.empty())
      warn(fmt::format("sluice-train: warning: {}; set aside, going on from {}", complaints, checkpoint.string()));
    for (const std::filesystem::path& bad : damaged) folder_->set_aside(bad);
    return;
  }
  if (!damaged.empty()) throw IoError(fmt::format("{}; there is no other checkpoint", complaints));
}

void Trainer::expect_same_options(const Archive& archive, const std::filesystem::path& checkpoint) {
  // An option that a checkpoint does not know is younger than it: it was trained as by the default.
  const TrainOptions untouched;
  const std::map<std::string, std::string> defaults = untouched.identity();
  for (const auto& [name, value] : options_.identity()) {
    const auto saved = archive.metadata.find("option." + name);
    const std::string& trained = saved == archive.metadata.end() ? defaults.at(name) : saved->second;
    if (trained == value) continue;
    extended_ = name == "epochs" && std::atoll(trained.c_str()) < options_.epochs;
    if (extended_) continue;
    throw CheckpointError(fmt::format("{} was trained with --{} {}, not {}; a resumed run keeps its options{}",
                                      checkpoint.string(), name, trained, value,
                                      name == "epochs" ? ", or has more epochs" : ""));
  }
  const auto levels = archive.metadata.find(kSampleLevels);
  if (levels != archive.metadata.end() && levels->second != objective_->fingerprint())
    throw CheckpointError(fmt::format("{} was trained with other levels than {} holds now; a resumed run keeps them",
                                      checkpoint.string(), options_.objective.flood_sample_levels));
}

void Trainer::restore(const std::filesystem::path& checkpoint) {
  const std::filesystem::path file = checkpoint / "training.safetensors";
  const Archive archive = load_safetensors(file);
  expect_same_options(archive, checkpoint);
  const Position position = position_in(archive, file, options_.epochs, loader_->batches_per_epoch());
  const int threads = threads_in(archive, file);
  nn::load_model(*model_, checkpoint / "model.safetensors");
  load_training_state(archive, file, *optimizer_, average_.get(), meter_, device_);
  if (!state_is_finite()) throw IoError(fmt::format("{} holds numbers that are not finite", checkpoint.string()));
  position_ = position;
  if (threads != thread_count())
    warn(fmt::format("sluice-train: the run had {} threads and has {} now; its last bits may differ", threads,
                     thread_count()));
}

// The choices of algorithms are made while the first step runs; from then on the folder repeats them.
void Trainer::keep_tuning() const { folder_->write("tuning.json", tuning_text()); }

}  // namespace sluice::apps

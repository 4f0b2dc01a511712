// SPDX-License-Identifier: Apache-2.0
// What a run leaves in its folder, and how it is taken up again from there.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
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

constexpr const char* kOptimizer = "optimizer.";
constexpr const char* kAverage = "average.";
constexpr const char* kMeter = "meter";
constexpr const char* kSampleLevels = "sample_levels";

void append_prefixed(std::vector<NamedTensor>& all, const std::string& prefix, const std::vector<NamedTensor>& some) {
  for (const NamedTensor& entry : some) all.push_back({prefix + entry.name, entry.tensor});
}

std::vector<NamedTensor> with_prefix(const Archive& archive, const std::string& prefix) {
  std::vector<NamedTensor> found;
  for (const NamedTensor& entry : archive.tensors)
    if (entry.name.starts_with(prefix)) found.push_back({entry.name.substr(prefix.size()), entry.tensor});
  return found;
}

// A number among the metadata of a checkpoint.
template <class T>
T number_of(const Archive& archive, const std::string& key, const std::filesystem::path& file) {
  const auto found = archive.metadata.find(key);
  T value{};
  if (found != archive.metadata.end()) {
    const char* end = found->second.data() + found->second.size();
    const auto [stop, error] = std::from_chars(found->second.data(), end, value);
    if (error == std::errc{} && stop == end) return value;
  }
  throw IoError(fmt::format("{}: expected a number under '{}' in the metadata, found {}", file.string(), key,
                            found == archive.metadata.end() ? "nothing" : "'" + found->second + "'"));
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
    append_prefixed(tensors, kOptimizer, optimizer_->state());
    if (average_) append_prefixed(tensors, kAverage, average_->state());
    if (meter_.state().defined()) tensors.push_back({kMeter, meter_.state()});
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

Position Trainer::position_in(const Archive& archive, const std::filesystem::path& file) const {
  const Position position{.epoch = number_of<std::int64_t>(archive, "epoch", file),
                          .batch = number_of<std::int64_t>(archive, "batch", file),
                          .step = number_of<std::int64_t>(archive, "step", file),
                          .seconds = number_of<double>(archive, "seconds", file),
                          .epoch_seconds = number_of<double>(archive, "epoch_seconds", file)};
  const std::int64_t batches = loader_->batches_per_epoch();
  const bool possible = position.epoch >= 0 && position.epoch <= options_.epochs && position.batch >= 0 &&
                        position.batch <= batches && position.step == position.epoch * batches + position.batch &&
                        position.seconds >= 0 && position.epoch_seconds >= 0;
  if (!possible)
    throw IoError(fmt::format("{}: expects a place in {} epochs of {} batches, found epoch {}, batch {}, step {}",
                              file.string(), options_.epochs, batches, position.epoch, position.batch, position.step));
  return position;
}

void Trainer::restore(const std::filesystem::path& checkpoint) {
  const std::filesystem::path file = checkpoint / "training.safetensors";
  const Archive archive = load_safetensors(file);
  expect_same_options(archive, checkpoint);
  const Position position = position_in(archive, file);
  const int threads = number_of<int>(archive, "threads", file);
  nn::load_model(*model_, checkpoint / "model.safetensors");
  try {
    optimizer_->load_state(with_prefix(archive, kOptimizer));
    if (average_) average_->load_state(with_prefix(archive, kAverage));
    meter_.load_state({});
    for (const NamedTensor& entry : with_prefix(archive, kMeter)) meter_.load_state(entry.tensor.to(device_));
  } catch (const std::invalid_argument& error) {
    throw IoError(fmt::format("{}: {}", file.string(), error.what()));
  }
  if (!state_is_finite()) throw IoError(fmt::format("{} holds numbers that are not finite", checkpoint.string()));
  position_ = position;
  if (threads != thread_count())
    warn(fmt::format("sluice-train: the run had {} threads and has {} now; its last bits may differ", threads,
                     thread_count()));
}

// The choices of algorithms are made while the first step runs; from then on the folder repeats them.
void Trainer::keep_tuning() const { folder_->write("tuning.json", tuning_text()); }

}  // namespace sluice::apps

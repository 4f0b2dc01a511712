// SPDX-License-Identifier: Apache-2.0
#include "apps/train/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <sluice/base/file.h>
#include <sluice/base/number.h>
#include <sluice/data/augment.h>
#include <sluice/data/datasets.h>
#include <sluice/data/transform.h>
#include <sluice/nn/models.h>
#include <sluice/optim/schedule.h>
#include "apps/common/choose_device.h"
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"
#include "apps/common/toml.h"

namespace sluice::apps {
namespace {

void add_data_options(CLI::App& app, TrainOptions& o) {
  const std::string group = "Data";
  app.add_option("--dataset", o.dataset, "Data set; shapes10 is generated and needs no files")
      ->check(one_of(data::dataset_names()))
      ->group(group);
  app.add_option("--data", o.data, "Folder that holds the data set's files [the folder in SLUICE_DATA]")
      ->transform(absolute_paths())
      ->group(group);
  app.add_option("--train-images", o.train_images, "Use the first N training images only; 0: all")
      ->check(count_from(0))
      ->group(group);
  app.add_option("--test-images", o.test_images, "Use the first N test images only; 0: all")
      ->check(count_from(0))
      ->group(group);
  app.add_option("--validation", o.validation, "Share of the training images to hold out and report on, in [0,1)")
      ->check(within(0.0, 0.99))
      ->group(group);
  app.add_option(
         "--hold-out-fold", o.hold_out_fold,
         "K/FOLDS: cut the training images into FOLDS, train without the K-th, as in 1/5, and write its images' "
         "losses to held_out_losses.safetensors, for --flood-sample-levels")
      ->check(parsed_by([](const std::string& text) {
        if (!text.empty()) data::parse_fold(text);
      }))
      ->group(group);
  app.add_option("--label-noise", o.label_noise, "Share of training labels to replace by another class, in [0,1]")
      ->check(within(0.0, 1.0))
      ->group(group);
  app.add_option("--augment", o.augment, "none, or a list of crop, flip, cutout, as in crop,flip")
      ->check(parsed_by([](const std::string& text) { data::parse_augment(text); }))
      ->group(group);
}

void add_model_options(CLI::App& app, TrainOptions& o) {
  const std::string group = "Model";
  app.add_option("--model", o.model, "Network")->check(one_of(nn::model_names()))->group(group);
  app.add_option("--init-from", o.init_from,
                 "Start from these weights: a run folder, a checkpoint or a .safetensors file of the same network")
      ->transform(absolute_paths())
      ->group(group);
  app.add_option("--dropout", o.dropout, "Dropout probability of models that have such layers, in [0,1)")
      ->check(within(0.0, 0.99))
      ->group(group);
  app.add_option("--precision", o.precision,
                 "fp32, tf32 (fp32 with tensor cores, on CUDA devices) or bf16 activations; parameters stay in fp32")
      ->check(one_of({"fp32", "tf32", "bf16"}))
      ->group(group);
}

void add_optimiser_options(CLI::App& app, TrainOptions& o) {
  const std::string group = "Optimisation";
  app.add_option("--epochs", o.epochs, "Passes over the training set")->check(count_from(1))->group(group);
  app.add_option("--batch-size,--bs", o.batch_size, "Images a step")->check(count_from(1))->group(group);
  app.add_option(
         "--last-batch", o.last_batch,
         "The images left after the last full batch: keep them as a smaller batch, drop them, or merge them into "
         "the last full one; auto keeps them, or merges where the network can't be trained on so few")
      ->check(one_of({"auto", "keep", "drop", "merge"}))
      ->group(group);
  app.add_option("--accumulate", o.accumulate,
                 "Cut each batch into K micro-batches to save memory; flooding decides once a batch")
      ->check(count_from(1))
      ->group(group);
  app.add_option("--optimizer", o.optimizer, "sgd, adam or adamw")
      ->check(one_of({"sgd", "adam", "adamw"}))
      ->group(group);
  app.add_option("--learning-rate,--lr", o.learning_rate, "Learning rate, > 0")->check(positive())->group(group);
  app.add_option("--momentum", o.momentum, "Momentum of sgd, in [0,1)")->check(within(0.0, 0.9999))->group(group);
  app.add_flag("--nesterov", o.nesterov, "Nesterov's form of the momentum")->group(group);
  app.add_option("--weight-decay,--wd", o.weight_decay, "Weight decay: coupled for sgd and adam, decoupled for adamw")
      ->check(at_least_zero())
      ->group(group);
  app.add_option("--decay-norms", o.decay_norms, "Whether biases and batch-norm parameters decay too: true or false")
      ->group(group);
  app.add_option("--schedule", o.schedule, "Learning-rate schedule")
      ->check(one_of(optim::schedule_names()))
      ->group(group);
  app.add_option("--warmup-epochs", o.warmup_epochs, "Epochs of linear warm-up before the schedule, fractions allowed")
      ->check(within(0.0, 1e9))
      ->group(group);
  app.add_option("--milestones", o.milestones, "Epochs at which multi-step multiplies the rate by gamma, as in 250,400")
      ->group(group);
  app.add_option("--gamma", o.gamma, "Factor of multi-step, in (0,1]")->check(within(1e-6, 1.0))->group(group);
  app.add_option("--clip-norm", o.clip_norm, "Largest global norm of the gradient; 0: no clipping")
      ->check(at_least_zero())
      ->group(group);
  app.add_option("--sam", o.sam,
                 "Radius rho of sharpness-aware minimisation, often 0.05; every step takes two gradients. 0: none")
      ->check(at_least_zero())
      ->group(group);
  app.add_option("--gradient-penalty", o.gradient_penalty,
                 "Gamma of gamma/2 |grad L|^2, by the difference of two gradients. 0: none")
      ->check(at_least_zero())
      ->group(group);
  app.add_option("--gradient-penalty-step", o.gradient_penalty_step,
                 "Step of that difference along the gradient; above 0 uphill, below 0 downhill")
      ->group(group);
  app.add_option("--ema", o.ema,
                 "Decay of an exponential moving average of the weights, which is then evaluated; 0: none")
      ->check(within(0.0, 0.999999))
      ->group(group);
}

void add_run_options(CLI::App& app, TrainOptions& o) {
  const std::string group = "Run";
  app.add_option("--seed", o.seed, "Seed of all randomness")->group(group);
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N; auto is the first CUDA device, or else the CPU")
      ->check(device_name())
      ->group(group);
  app.add_option("--conv-engine", o.conv_engine,
                 "Convolutions on CUDA devices: native, cudnn, or auto, the faster for each shape")
      ->check(one_of({"auto", "native", "cudnn"}))
      ->group(group);
  app.add_option("--graph", o.graph, "Replay training steps as a captured CUDA graph: auto or off")
      ->check(one_of({"auto", "off"}))
      ->group(group);
  app.add_option("--threads", o.threads, "Processor threads; 0: all")->check(within(0, 4096))->group(group);
  app.add_option("--out", o.out, "Folder for metrics, curves, configuration and checkpoints")->group(group);
  app.add_option("--checkpoint-every", o.checkpoint_every, "Epochs between checkpoints; the last two are kept")
      ->check(count_from(1))
      ->group(group);
  app.add_option("--log-every", o.log_every, "Steps between the points loss/step that TensorBoard shows; 0: none")
      ->check(count_from(0))
      ->group(group);
  app.add_option("--tuning", o.tuning,
                 "Use the choices of algorithms in this tuning.json of another run, for the same bits")
      ->transform(absolute_paths())
      ->group(group);
  app.add_option("--stop-after", o.stop_after,
                 "Save and stop after that step, as a signal does (exit code 130), for --resume to go on; 0: don't")
      ->check(count_from(0))
      ->configurable(false)
      ->group(group);
  app.add_flag("--resume", o.resume, "Go on with the run in --out, with its configuration")
      ->configurable(false)
      ->group(group);
  app.add_flag("--overwrite", o.overwrite, "Replace the run in --out")->configurable(false)->group(group);
}

// The value of an option on a raw command line, before it is parsed; empty where it is absent.
std::string raw_option(int argc, char** argv, const std::string& name) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == name) return i + 1 < argc ? argv[i + 1] : "";
    if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
  }
  return {};
}

bool raw_flag(int argc, char** argv, const std::string& name) {
  return std::find(argv + 1, argv + argc, name) != argv + argc;
}

}  // namespace

std::vector<std::int64_t> TrainOptions::milestone_epochs() const {
  std::vector<std::int64_t> parsed;
  for (const std::string& part : split_list(milestones)) {
    const std::optional<std::int64_t> epoch = parse_number<std::int64_t>(part);
    if (!epoch || *epoch < (parsed.empty() ? 0 : parsed.back() + 1) || *epoch > kMostCounted)
      throw UsageError(fmt::format("--milestones {}: expects whole epochs in ascending order, up to {}, got '{}'",
                                   milestones, kMostCounted, part));
    parsed.push_back(*epoch);
  }
  return parsed;
}

data::LastBatch TrainOptions::last_batch_of(std::int64_t images) const {
  using data::LastBatch;
  const std::int64_t smallest = nn::smallest_batch(model);
  const auto expect_enough = [&](std::int64_t count, const std::string& what, const std::string& remedy) {
    if (count < smallest)
      throw UsageError(fmt::format("{} of {} image{}; the batch norm of {} needs {} in training; {}", what, count,
                                   count == 1 ? "" : "s", model, smallest, remedy));
  };
  expect_enough(images, "a training set", "use more images");
  expect_enough(batch_size, fmt::format("--batch-size {} makes batches", batch_size), "choose a larger one");
  expect_enough(
      std::min(batch_size, images) / accumulate,
      fmt::format("--accumulate {} cuts a batch of {} into micro-batches", accumulate, std::min(batch_size, images)),
      fmt::format("choose {} or less", std::max<std::int64_t>(1, std::min(batch_size, images) / smallest)));
  if (last_batch == "drop" && images < batch_size)
    throw UsageError(
        fmt::format("--last-batch drop leaves no batch of {} training images in batches of {}; choose a "
                    "smaller --batch-size or --last-batch keep",
                    images, batch_size));
  if (last_batch == "keep" && images % batch_size > 0)
    expect_enough(images % batch_size, fmt::format("{} training images leave a last batch", images),
                  "choose --last-batch merge or drop, or another --batch-size");
  if (last_batch == "auto") return data::last_batch_that_fits(images, batch_size, smallest);
  return last_batch == "keep" ? LastBatch::keep : last_batch == "drop" ? LastBatch::drop : LastBatch::merge;
}

std::map<std::string, std::string> TrainOptions::identity() const {
  std::map<std::string, std::string> identity = objective.identity();
  identity.merge(std::map<std::string, std::string>{{"dataset", dataset},
                                                    {"train-images", std::to_string(train_images)},
                                                    {"validation", fmt::to_string(validation)},
                                                    {"hold-out-fold", hold_out_fold},
                                                    {"label-noise", fmt::to_string(label_noise)},
                                                    {"augment", augment},
                                                    {"model", model},
                                                    {"dropout", fmt::to_string(dropout)},
                                                    {"precision", precision},
                                                    {"epochs", std::to_string(epochs)},
                                                    {"batch-size", std::to_string(batch_size)},
                                                    {"last-batch", last_batch},
                                                    {"accumulate", std::to_string(accumulate)},
                                                    {"optimizer", optimizer},
                                                    {"learning-rate", fmt::to_string(learning_rate)},
                                                    {"momentum", fmt::to_string(momentum)},
                                                    {"nesterov", nesterov ? "true" : "false"},
                                                    {"weight-decay", fmt::to_string(weight_decay)},
                                                    {"decay-norms", decay_norms ? "true" : "false"},
                                                    {"schedule", schedule},
                                                    {"warmup-epochs", fmt::to_string(warmup_epochs)},
                                                    {"milestones", milestones},
                                                    {"gamma", fmt::to_string(gamma)},
                                                    {"clip-norm", fmt::to_string(clip_norm)},
                                                    {"sam", fmt::to_string(sam)},
                                                    {"gradient-penalty", fmt::to_string(gradient_penalty)},
                                                    {"gradient-penalty-step", fmt::to_string(gradient_penalty_step)},
                                                    {"ema", fmt::to_string(ema)},
                                                    {"seed", std::to_string(seed)}});
  return identity;
}

ParsedOptions parse_train_options(int argc, char** argv) {
  ParsedOptions parsed;
  TrainOptions& o = parsed.options;
  CLI::App app{"Trains a network on images, with or without flooding (Ishida et al., ICML 2020).", "sluice-train"};
  app.config_formatter(std::make_shared<TomlConfig>());
  if (const char* folder = std::getenv("SLUICE_DATA")) o.data = std::filesystem::absolute(folder);
  app.option_defaults()->always_capture_default()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_data_options(app, o);
  add_model_options(app, o);
  add_objective_options(app, o.objective);
  add_optimiser_options(app, o);
  add_run_options(app, o);

  std::string default_config;
  if (raw_flag(argc, argv, "--resume")) {
    const std::string given = raw_option(argc, argv, "--out");
    const std::filesystem::path out = given.empty() ? o.out : std::filesystem::path(given);
    if (exists(out / "config.toml")) default_config = File(out / "config.toml", File::Access::read).path().string();
  }
  app.set_config("--config", default_config, "File with options (option = value); the command line has the last word")
      ->group("Run");
  app.allow_config_extras(CLI::config_extras_mode::error);

  parse_or_exit(app, argc, argv);
  o.milestone_epochs();
  o.objective.check(o.accumulate);
  if (!o.hold_out_fold.empty() && !o.objective.flood_sample_levels.empty())
    throw UsageError("--hold-out-fold trains a network that finds the levels of --flood-sample-levels; choose one");
  if (o.sam > 0 && o.gradient_penalty > 0)
    throw UsageError("--sam and --gradient-penalty each take the second gradient of a step; choose one");
  if (!std::isfinite(o.gradient_penalty_step) || o.gradient_penalty_step == 0)
    throw UsageError(
        fmt::format("--gradient-penalty-step expects a finite number other than 0, got {}", o.gradient_penalty_step));
  if (o.accumulate > o.batch_size)
    throw UsageError(fmt::format("--accumulate {} cuts a batch of {} into more pieces than it has images", o.accumulate,
                                 o.batch_size));
  // A run started by another's configuration repeats its choices of algorithms, and so its bits.
  if (o.tuning.empty() && !o.resume) {
    const std::string config = raw_option(argc, argv, "--config");
    const std::filesystem::path beside = std::filesystem::path(config).parent_path() / "tuning.json";
    if (!config.empty() && exists(beside)) o.tuning = beside;
  }
  parsed.configuration = app.config_to_str(true, true);
  return parsed;
}

}  // namespace sluice::apps

// SPDX-License-Identifier: Apache-2.0
// sluice-eval: the loss and accuracy of a checkpoint, ours or one that PyTorch saved with safetensors.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include <sluice/core/archive.h>
#include <sluice/data/datasets.h>
#include <sluice/data/transform.h>
#include <sluice/nn/models.h>
#include <sluice/nn/state.h>
#include <sluice/version.h>
#include "apps/common/choose_device.h"
#include "apps/common/command_line.h"
#include "apps/common/evaluate.h"
#include "apps/common/exit_codes.h"
#include "apps/common/number_text.h"
#include "apps/common/output.h"
#include "apps/common/passive_wait.h"
#include "apps/common/weights_file.h"

namespace sluice::apps {
namespace {

struct EvalOptions {
  std::filesystem::path checkpoint;
  std::string model, dataset;
  std::filesystem::path data;
  std::string split = "test";
  std::int64_t images = 0;
  std::vector<float> mean, deviation;
  std::string precision = "fp32";
  std::string device = "auto", conv_engine = "auto";
  std::int64_t batch_size = 256;
  std::filesystem::path json, logits;
};

std::string metadata_or(const Archive& archive, const std::string& key, const std::string& otherwise) {
  const auto found = archive.metadata.find(key);
  return found == archive.metadata.end() ? otherwise : found->second;
}

std::int64_t count_or(const Archive& archive, const std::string& key, std::int64_t otherwise) {
  const std::string text = metadata_or(archive, key, "");
  std::int64_t count = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count >= 0 ? count : otherwise;
}

// What the command line does not say, the checkpoint's own words do.
void complete(EvalOptions& o, const Archive& archive) {
  if (o.model.empty()) o.model = metadata_or(archive, "model", "");
  if (o.dataset.empty()) o.dataset = metadata_or(archive, "dataset", "");
  if (o.mean.empty()) o.mean = parse_floats(metadata_or(archive, "mean", ""));
  if (o.deviation.empty()) o.deviation = parse_floats(metadata_or(archive, "deviation", ""));
  if (o.model.empty()) throw UsageError("the checkpoint does not say its model; name it with --model");
  if (o.dataset.empty()) throw UsageError("the checkpoint does not say its data set; name it with --dataset");
  if (o.mean.size() != o.deviation.size())
    throw UsageError("--mean and --deviation need one number for each channel, both");
}

void report(const EvalOptions& o, const WeightsFile& weights, const data::ImageDataset& dataset,
            const Evaluation& result) {
  fmt::print("{} on {} images of {} ({}): loss {}, accuracy {}\n", o.model, result.images, o.dataset, o.split,
             decimal(result.loss), percent(result.accuracy, " "));
  fmt::print("  {}\n", weights.description());
  for (std::size_t label = 0; label < result.class_accuracy.size(); ++label)
    fmt::print("  {:<20} {:>8}\n",
               label < dataset.class_names.size() ? dataset.class_names[label] : fmt::format("class {}", label),
               percent(result.class_accuracy[label], " "));
  if (o.json.empty()) return;
  const nlohmann::json json{{"model", o.model},
                            {"weights", weights.path.string()},
                            {"averaged", weights.averaged},
                            {"dataset", o.dataset},
                            {"split", o.split},
                            {"images", result.images},
                            {"loss", result.loss},
                            {"accuracy", result.accuracy},
                            {"class_accuracy", result.class_accuracy}};
  write_report(o.json, json.dump(2) + "\n");
}

int run(int argc, char** argv) {
  EvalOptions o;
  CLI::App app{"Reports the loss and accuracy of a checkpoint, ours or one saved by PyTorch with safetensors.",
               "sluice-eval"};
  app.option_defaults()->always_capture_default();
  app.add_option("checkpoint", o.checkpoint, "Run folder, checkpoint folder or .safetensors file")->required();
  app.add_option("--model", o.model, "Network [what the checkpoint says]")->check(one_of(nn::model_names()));
  app.add_option("--dataset", o.dataset, "Data set [what the checkpoint says]")->check(one_of(data::dataset_names()));
  app.add_option("--data", o.data, "Folder that holds the data set's files [the folder in SLUICE_DATA]");
  app.add_option("--split", o.split, "test or train")->check(one_of({"test", "train"}));
  app.add_option("--images", o.images, "Use the first N images only; 0: all")->check(count_from(0));
  app.add_option("--mean", o.mean,
                 "Mean of each channel in [0,1], as the model was trained [what the checkpoint says, else measured]")
      ->delimiter(',');
  app.add_option("--deviation", o.deviation, "Standard deviation of each channel, likewise")->delimiter(',');
  app.add_option("--precision", o.precision, "fp32, tf32 (on CUDA devices) or bf16")
      ->check(one_of({"fp32", "tf32", "bf16"}));
  app.add_option("--device", o.device, "auto, cpu, cuda or cuda:N")->check(device_name());
  app.add_option("--conv-engine", o.conv_engine, "Convolutions on CUDA devices: native, cudnn or auto")
      ->check(one_of({"auto", "native", "cudnn"}));
  app.add_option("--batch-size", o.batch_size, "Images at a time")->check(count_from(1));
  app.add_option("--json", o.json, "Write the report here as JSON too");
  app.add_option("--logits", o.logits, "Write the logits [N,K] here as safetensors");
  parse_or_exit(app, argc, argv);

  if (o.data.empty()) {
    if (const char* folder = std::getenv("SLUICE_DATA")) o.data = folder;
  }
  const WeightsFile weights = weights_file(o.checkpoint);
  const Archive archive = load_safetensors(weights.path);
  complete(o, archive);
  const data::ImageSplits images = data::load_dataset(o.dataset, o.data);
  data::ImageDataset dataset = o.split == "test" ? images.test : images.train;
  // As many test images as the run had.
  if (o.images == 0 && o.split == "test") o.images = count_or(archive, "test_images", 0);
  if (o.images > 0) dataset = data::take(dataset, std::min(o.images, dataset.size()));
  const Device device = choose_device("sluice-eval", o.device);
  const DType precision = choose_precision(o.precision, device);
  choose_conv_engine(o.conv_engine);
  const auto model = nn::make_model({.name = o.model,
                                     .image = {dataset.height, dataset.width, dataset.channels},
                                     .classes = dataset.classes,
                                     .device = device});
  try {
    nn::load_model_state(*model, archive);
  } catch (const IoError& error) {
    throw CheckpointError(fmt::format("{}: {}", weights.path.string(), error.what()));
  }
  const data::Normalisation normalisation = o.mean.empty()
                                                ? data::measure_normalisation(images.train)
                                                : data::Normalisation{.mean = o.mean, .deviation = o.deviation};
  const Evaluation result = evaluate(*model, dataset, normalisation, precision, o.batch_size,
                                     o.logits.empty() ? KeepLogits::no : KeepLogits::yes);
  report(o, weights, dataset, result);
  if (!o.logits.empty()) save_safetensors(o.logits, {{"logits", result.logits}}, {});
  if (!std::isfinite(result.loss))
    throw NumericError(fmt::format("the loss is {}; {} of {} images have a logit that is nan", exact(result.loss),
                                   result.undecided, result.images));
  return exit_ok;
}

}  // namespace
}  // namespace sluice::apps

int main(int argc, char** argv) {
  sluice::apps::wait_passively(argv);
  return sluice::apps::run_main("sluice-eval", [&] { return sluice::apps::run(argc, argv); });
}

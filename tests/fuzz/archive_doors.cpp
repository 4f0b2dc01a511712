// SPDX-License-Identifier: Apache-2.0
// Files of tensors: any, a model's weights, the state of a training, the levels of a run's images.
#include <algorithm>

#include <sluice/core/archive.h>
#include <sluice/nn/batch_norm.h>
#include <sluice/nn/linear.h>
#include <sluice/nn/sequential.h>
#include <sluice/nn/state.h>
#include <sluice/optim/adam.h>
#include "apps/train/objective.h"
#include "apps/train/run_data.h"
#include "apps/train/training_state.h"
#include "tests/fuzz/doors.h"

namespace sluice::fuzz {
namespace {

using Path = std::filesystem::path;

// The file as it is and with the checksum under another name, so that the reader goes on after a change.
void add_both(std::vector<Bytes>& seeds, const std::function<void(const Path&)>& write) {
  seeds.push_back(written_by(write));
  Bytes unchecked = seeds.back();
  const std::string checksum = "sluice.crc32";
  const auto found = std::search(unchecked.begin(), unchecked.end(), checksum.begin(), checksum.end());
  if (found == unchecked.end()) fail("a file without a checksum");
  *found = 'S';
  seeds.push_back(unchecked);
}

std::unique_ptr<nn::Module> small_model() {
  nn::Initialiser initialiser(1);
  auto model = std::make_unique<nn::Sequential>();
  model->emplace<nn::Linear>(nn::LinearOptions{.inputs = 4, .outputs = 2, .image = {1, 2, 2}}, initialiser);
  model->emplace<nn::BatchNorm>(2, initialiser);
  return model;
}

struct Training {
  std::unique_ptr<nn::Module> model = small_model();
  optim::Adam optimizer{model->parameters(), {}};
  optim::ExponentialMovingAverage average{model->parameters(), model->buffers(), 0.9};
  TrainingMeter meter;
};

Bytes with_header(const std::string& header, std::size_t bytes) {
  Bytes file(8);
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<std::uint8_t>(header.size() >> 8 * i);
  file.insert(file.end(), header.begin(), header.end());
  file.resize(file.size() + bytes, 0x3c);
  return file;
}

const data::ImageDataset& three_images() {
  static const data::ImageDataset images{.name = "three",
                                         .height = 1,
                                         .width = 1,
                                         .channels = 1,
                                         .classes = 2,
                                         .class_names = {"a", "b"},
                                         .images = {0, 1, 2},
                                         .labels = {0, 1, 0}};
  return images;
}

}  // namespace

void open_archive(Input input) { read_file_of(input, load_safetensors); }

std::vector<Bytes> archive_seeds() {
  std::vector<Bytes> seeds;
  add_both(seeds, [](const Path& path) {
    save_safetensors(path,
                     {{"f64", Tensor::full({2}, 0.5, DType::f64)},
                      {"f32", Tensor::full({1, 2}, 1, DType::f32)},
                      {"i32", Tensor::zeros({}, DType::i32)},
                      {"bf16", Tensor::full({3}, 2, DType::bf16)},
                      {"u8", Tensor::zeros({5}, DType::u8)}},
                     {{"format", "pt"}});
  });
  seeds.push_back(with_header(R"({"w":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},)"
                              R"("m":{"dtype":"BOOL","shape":[3],"data_offsets":[4,7]},"__metadata__":{"k":"v"}})",
                              7));
  return seeds;
}

void open_model(Input input) {
  static const std::unique_ptr<nn::Module> model = small_model();
  read_file_of(input, [](const Path& path) { nn::load_model(*model, path); });
}

std::vector<Bytes> model_seeds() {
  std::vector<Bytes> seeds;
  add_both(seeds, [](const Path& path) { nn::save_model(*small_model(), path, {}); });
  add_both(seeds, [](const Path& path) {
    std::vector<NamedTensor> wrapped = nn::model_state(*small_model());
    for (NamedTensor& entry : wrapped) entry = {"module." + entry.name, entry.tensor.cast(DType::bf16)};
    save_safetensors(path, wrapped, {});
  });
  return seeds;
}

void open_checkpoint(Input input) {
  static Training training;
  read_file_of(input, [](const Path& path) {
    const Archive archive = load_safetensors(path);
    apps::position_in(archive, path, 10, 7);
    apps::threads_in(archive, path);
    apps::load_training_state(archive, path, training.optimizer, &training.average, training.meter, Device{});
  });
}

std::vector<Bytes> checkpoint_seeds() {
  std::vector<Bytes> seeds;
  add_both(seeds, [](const Path& path) {
    const Training training;
    std::vector<NamedTensor> tensors{{apps::kMeterName, Tensor::zeros({5}, DType::f64)}};
    for (const NamedTensor& entry : training.optimizer.state())
      tensors.push_back({apps::kOptimizerPrefix + entry.name, entry.tensor});
    for (const NamedTensor& entry : training.average.state())
      tensors.push_back({apps::kAveragePrefix + entry.name, entry.tensor});
    save_safetensors(path, tensors,
                     {{"epoch", "2"},
                      {"batch", "3"},
                      {"step", "17"},
                      {"seconds", "1.5"},
                      {"epoch_seconds", "0.5"},
                      {"threads", "2"}});
  });
  return seeds;
}

void open_levels(Input input) {
  read_file_of(input, [](const Path& path) {
    apps::ObjectiveOptions options;
    options.flood_sample_levels = path.string();
    const apps::Objective objective(options, three_images(), Device{});
  });
}

std::vector<Bytes> levels_seeds() {
  std::vector<Bytes> seeds;
  for (const char* name : {"levels", "losses"})
    add_both(seeds, [&](const Path& path) {
      save_safetensors(path, {{name, Tensor::full({3}, 0.1, DType::f32)}}, {});
    });
  add_both(seeds, [](const Path& path) {
    save_safetensors(path, {{"losses", Tensor::full({3}, 0.1, DType::f64)}},
                     {{apps::kLabels, apps::fingerprint_of_labels(three_images().labels)}});
  });
  return seeds;
}

}  // namespace sluice::fuzz

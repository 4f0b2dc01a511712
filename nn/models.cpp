// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/models.h>

#include <functional>
#include <map>

#include <sluice/base/nearest_name.h>
#include <sluice/nn/mlp.h>
#include <sluice/nn/resnet.h>
#include <sluice/nn/vgg.h>
#include <sluice/nn/wide_resnet.h>

namespace sluice::nn {
namespace {

using Make = std::function<std::unique_ptr<Module>(const ModelOptions&, Initialiser&)>;

struct Entry {
  std::string name;
  Make make;
  bool has_dropout = true;
  std::int64_t smallest_image = 1;  // height and width
  std::int64_t smallest_batch = 1;
};

Entry resnet_entry(std::string name, ResNetOptions network) {
  const Make make = [network](const ModelOptions& options, Initialiser& initialiser) {
    ResNetOptions complete = network;
    complete.input_channels = options.image[2];
    complete.classes = options.classes;
    return std::make_unique<ResNet>(complete, initialiser);
  };
  return {.name = std::move(name), .make = make, .has_dropout = false};
}

Entry mlp_entry(std::string name, std::vector<std::int64_t> hidden,
                Normalisation normalisation = Normalisation::batch) {
  const Make make = [hidden, normalisation](const ModelOptions& options, Initialiser& initialiser) {
    const MlpOptions network{options.image, options.classes, hidden, options.dropout, normalisation};
    return std::make_unique<Mlp>(network, initialiser);
  };
  return {.name = std::move(name), .make = make, .smallest_batch = normalisation == Normalisation::none ? 1 : 2};
}

std::unique_ptr<Module> make_wide_resnet(const ModelOptions& options, Initialiser& initialiser) {
  const WideResNetOptions network{
      .input_channels = options.image[2], .classes = options.classes, .dropout = options.dropout};
  return std::make_unique<WideResNet>(network, initialiser);
}

std::unique_ptr<Module> make_vgg(const ModelOptions& options, Initialiser& initialiser) {
  const VggOptions network{.input_channels = options.image[2], .classes = options.classes, .dropout = options.dropout};
  return std::make_unique<Vgg>(network, initialiser);
}

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = [] {
    std::vector<Entry> list;
    for (const int depth : {18, 34})
      list.push_back(resnet_entry(concat("resnet", depth), resnet_imagenet_style(depth)));
    for (const int depth : {20, 32, 44, 56, 110}) {
      const std::string name = concat("resnet", depth);
      list.push_back(resnet_entry(name, resnet_cifar_style(depth, Shortcut::subsample_and_pad)));
      list.push_back(resnet_entry(name + "-b", resnet_cifar_style(depth, Shortcut::projection)));
    }
    list.push_back({.name = "wide_resnet28_10", .make = make_wide_resnet});
    list.push_back({.name = "vgg11", .make = make_vgg, .smallest_image = 32});
    list.push_back(mlp_entry("mlp", {1000, 1000, 1000, 1000}));
    list.push_back(mlp_entry("mlp_paper", {500, 500, 500, 500}));
    list.push_back(mlp_entry("mlp_mnist", {1000, 1000}, Normalisation::none));
    list.push_back(mlp_entry("mlp_mnist-bn", {1000, 1000}));
    return list;
  }();
  return all;
}

const Entry& entry_of(const std::string& name) {
  for (const Entry& entry : entries())
    if (entry.name == name) return entry;
  const std::vector<std::string> names = model_names();
  throw std::invalid_argument(concat("[model] there is no '", name, "'", did_you_mean(name, names)));
}

}  // namespace

std::unique_ptr<Module> make_model(const ModelOptions& options) {
  const Entry& entry = entry_of(options.name);
  const Shape& image = options.image;
  require(image.rank() == 3 && image.size() > 0, "model", options.name, " expects images [H,W,C], got ", image);
  require(image[0] >= entry.smallest_image && image[1] >= entry.smallest_image, "model", options.name,
          " expects images of at least ", entry.smallest_image, "x", entry.smallest_image, ", got ", image);
  require(options.classes >= 1, "model", options.name, " expects at least one class, got ", options.classes);
  require(options.dropout == 0 || entry.has_dropout, "model", options.name, " has no dropout, got a probability of ",
          options.dropout);
  Initialiser initialiser(options.seed, options.dtype, options.device);
  return entry.make(options, initialiser);
}

std::int64_t smallest_batch(const std::string& name) { return entry_of(name).smallest_batch; }

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) names.push_back(entry.name);
  return names;
}

}  // namespace sluice::nn

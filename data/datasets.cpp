// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/datasets.h>

#include <algorithm>
#include <functional>

#include <sluice/base/error.h>
#include <sluice/base/nearest_name.h>
#include <sluice/data/cifar.h>
#include <sluice/data/mnist.h>
#include <sluice/data/shapes10.h>
#include <sluice/data/svhn.h>
#include <sluice/data/transform.h>

namespace sluice::data {
namespace {

struct Entry {
  std::string name;
  bool needs_files;
  std::function<ImageSplits(const std::filesystem::path&, const ImageLimits&)> load;
};

std::int64_t limited(std::int64_t limit, std::int64_t size) { return limit == 0 ? size : std::min(limit, size); }

ImageSplits first_of_shapes10(const ImageLimits& limits) {
  const Shapes10Options whole;
  return make_shapes10({.train = limited(limits.train, whole.train), .test = limited(limits.test, whole.test)});
}

const std::vector<Entry>& entries() {
  using Path = std::filesystem::path;
  static const std::vector<Entry> all{
      {"cifar10", true, [](const Path& folder, const ImageLimits&) { return load_cifar(Cifar::cifar10, folder); }},
      {"cifar100", true, [](const Path& folder, const ImageLimits&) { return load_cifar(Cifar::cifar100, folder); }},
      {"mnist", true, [](const Path& folder, const ImageLimits&) { return load_mnist(Mnist::digits, folder); }},
      {"fashion-mnist", true,
       [](const Path& folder, const ImageLimits&) { return load_mnist(Mnist::fashion, folder); }},
      {"kmnist", true, [](const Path& folder, const ImageLimits&) { return load_mnist(Mnist::kuzushiji, folder); }},
      {"svhn", true, [](const Path& folder, const ImageLimits&) { return load_svhn(folder); }},
      {"shapes10", false, [](const Path&, const ImageLimits& limits) { return first_of_shapes10(limits); }},
  };
  return all;
}

}  // namespace

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const Entry& entry : entries()) names.push_back(entry.name);
  return names;
}

ImageSplits load_dataset(std::string_view name, const std::filesystem::path& folder, const ImageLimits& limits) {
  for (const Entry& entry : entries()) {
    if (entry.name != name) continue;
    if (entry.needs_files && folder.empty())
      throw IoError(concat(name, " needs the folder that holds its files; none was given"));
    ImageSplits images = entry.load(folder, limits);
    images.train = take(std::move(images.train), limited(limits.train, images.train.size()));
    images.test = take(std::move(images.test), limited(limits.test, images.test.size()));
    return images;
  }
  throw std::invalid_argument(concat("[dataset] there is no '", name, "'", did_you_mean(name, dataset_names())));
}

}  // namespace sluice::data

// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/mnist.h>

#include <algorithm>
#include <array>
#include <optional>

#include <sluice/base/error.h>
#include <sluice/data/idx.h>

namespace sluice::data {
namespace {

struct Family {
  Origin origin;
  std::string name;
  std::string torchvision;  // its folder there
  std::vector<std::string> class_names;
};

const Family& family_of(Mnist variant) {
  static const std::array<Family, 3> families{{
      {{"MNIST", "https://yann.lecun.com/exdb/mnist/", "mnist"},
       "mnist",
       "MNIST",
       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
      {{"Fashion-MNIST", "https://github.com/zalandoresearch/fashion-mnist", "fashion-mnist"},
       "fashion-mnist",
       "FashionMNIST",
       {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}},
      {{"Kuzushiji-MNIST", "https://github.com/rois-codh/kmnist", "kmnist"},
       "kmnist",
       "KMNIST",
       {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"}},
  }};
  return families[static_cast<std::size_t>(variant)];
}

// The names that a file goes by: as on the official page, as some unpackers write it, and packed.
std::vector<std::string> names_of(const std::string& part, bool images) {
  const std::string what = images ? "images" : "labels", rank = images ? "idx3" : "idx1";
  return {concat(part, '-', what, '-', rank, "-ubyte"), concat(part, '-', what, '.', rank, "-ubyte"),
          concat(part, '-', what, '-', rank, "-ubyte.gz"), concat(part, '-', what, '.', rank, "-ubyte.gz")};
}

std::optional<std::filesystem::path> find_file(const std::filesystem::path& folder, const std::string& part,
                                               bool images) {
  std::error_code error;  // as good as absent: opening it says why
  for (const std::string& name : names_of(part, images))
    if (exists(folder / name, error)) return folder / name;
  return std::nullopt;
}

struct FoundArray {
  std::filesystem::path path;
  IdxArray array;
};

FoundArray read_part(const std::filesystem::path& folder, const Origin& origin, const std::string& part, bool images) {
  const std::optional<std::filesystem::path> path = find_file(folder, part, images);
  if (!path) throw_missing(concat("there is no ", (folder / names_of(part, images).front()).string()), origin);
  return {*path, read_idx(*path, origin, images ? 3 : 1)};
}

ImageDataset load_part(const Family& family, const std::filesystem::path& folder, const std::string& part) {
  FoundArray images = read_part(folder, family.origin, part, true);
  const FoundArray labels = read_part(folder, family.origin, part, false);
  if (images.array.extents[0] != labels.array.extents[0])
    throw IoError(concat(images.path.string(), " has ", images.array.extents[0], " images, ", labels.path.string(),
                         " has ", labels.array.extents[0], " labels"));
  const auto classes = static_cast<std::int64_t>(family.class_names.size());
  const std::vector<std::uint8_t>& digits = labels.array.elements;
  const auto bad = std::ranges::find_if(digits, [classes](std::uint8_t label) { return label >= classes; });
  if (bad != digits.end())
    throw IoError(concat(labels.path.string(), ": record ", bad - digits.begin(), " (counted from 0) has label ",
                         int{*bad}, ", out of range: expected 0 to ", classes - 1));
  return {.name = family.name,
          .height = images.array.extents[1],
          .width = images.array.extents[2],
          .channels = 1,
          .classes = classes,
          .class_names = family.class_names,
          .images = std::move(images.array.elements),
          .labels = {digits.begin(), digits.end()}};
}

bool has_files(const std::filesystem::path& folder) {
  for (const char* part : {"train", "t10k"})
    for (const bool images : {true, false})
      if (find_file(folder, part, images)) return true;
  return false;
}

// With torchvision's folders, and those of its folders that people name.
std::vector<std::filesystem::path> places_in(const std::filesystem::path& folder, const Family& family) {
  return {folder / family.name, folder, folder / family.torchvision / "raw", folder / "raw"};
}

}  // namespace

ImageSplits load_mnist(Mnist variant, const std::filesystem::path& folder) {
  const Family& family = family_of(variant);
  for (const std::filesystem::path& place : places_in(folder, family)) {
    if (!has_files(place)) continue;
    ImageSplits splits{load_part(family, place, "train"), load_part(family, place, "t10k")};
    if (splits.train.height != splits.test.height || splits.train.width != splits.test.width)
      throw IoError(concat(place.string(), ": training images are ", splits.train.height, "x", splits.train.width,
                           ", test images ", splits.test.height, "x", splits.test.width));
    return splits;
  }
  throw_missing(concat("there are no files of it in ", folder.string(), " nor in ", (folder / family.name).string(),
                       " or ", (folder / family.torchvision / "raw").string(), " (", names_of("train", true).front(),
                       " and three more, packed by gzip or not)"),
                family.origin);
}

}  // namespace sluice::data

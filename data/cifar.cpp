// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/cifar.h>

#include <sluice/base/error.h>
#include <sluice/data/files.h>

namespace sluice::data {
namespace {

constexpr std::int64_t kSide = 32;
constexpr std::int64_t kPlane = kSide * kSide;

struct Format {
  Origin origin;
  std::string name;
  std::string folder;
  std::string archive;              // with -binary.tar.gz
  std::vector<std::string> python;  // what the version for Python is called
  std::int64_t label_bytes;         // the last of them is the label that is kept
  std::vector<std::string> class_names;
  std::int64_t coarse_classes;
  std::int64_t record_size() const { return label_bytes + 3 * kPlane; }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
};

const Format& format_of(Cifar variant) {
  static const std::string address = "https://www.cs.toronto.edu/~kriz/cifar.html";
  static const Format cifar10{
      {"CIFAR-10", address, "cifar10"},
      "cifar10",
      "cifar-10-batches-bin",
      "cifar-10",
      {"cifar-10-batches-py", "cifar-10-python.tar.gz", "data_batch_1"},
      1,
      {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"},
      0};
  static const Format cifar100{
      {"CIFAR-100", address, "cifar100"},
      "cifar100",
      "cifar-100-binary",
      "cifar-100",
      {"cifar-100-python", "cifar-100-python.tar.gz", "meta"},
      2,
      {"apple",      "aquarium_fish", "baby",         "bear",       "beaver",      "bed",         "bee",
       "beetle",     "bicycle",       "bottle",       "bowl",       "boy",         "bridge",      "bus",
       "butterfly",  "camel",         "can",          "castle",     "caterpillar", "cattle",      "chair",
       "chimpanzee", "clock",         "cloud",        "cockroach",  "couch",       "crab",        "crocodile",
       "cup",        "dinosaur",      "dolphin",      "elephant",   "flatfish",    "forest",      "fox",
       "girl",       "hamster",       "house",        "kangaroo",   "keyboard",    "lamp",        "lawn_mower",
       "leopard",    "lion",          "lizard",       "lobster",    "man",         "maple_tree",  "motorcycle",
       "mountain",   "mouse",         "mushroom",     "oak_tree",   "orange",      "orchid",      "otter",
       "palm_tree",  "pear",          "pickup_truck", "pine_tree",  "plain",       "plate",       "poppy",
       "porcupine",  "possum",        "rabbit",       "raccoon",    "ray",         "road",        "rocket",
       "rose",       "sea",           "seal",         "shark",      "shrew",       "skunk",       "skyscraper",
       "snail",      "snake",         "spider",       "squirrel",   "streetcar",   "sunflower",   "sweet_pepper",
       "table",      "tank",          "telephone",    "television", "tiger",       "tractor",     "train",
       "trout",      "tulip",         "turtle",       "wardrobe",   "whale",       "willow_tree", "wolf",
       "woman",      "worm"},
      20};
  return variant == Cifar::cifar10 ? cifar10 : cifar100;
}

void check_label(const std::filesystem::path& path, std::int64_t record, std::int64_t label, std::int64_t classes,
                 const char* kind) {
  if (label >= classes)
    throw IoError(concat(path.string(), ": record ", record, " (counted from 0) has ", kind, " ", label,
                         ", out of range: expected 0 to ", classes - 1));
}

void planes_to_pixels(const std::uint8_t* planes, std::uint8_t* pixels) {
  for (std::int64_t i = 0; i < kPlane; ++i)
    for (std::int64_t c = 0; c < 3; ++c) pixels[3 * i + c] = planes[c * kPlane + i];
}

ImageDataset empty_dataset(const Format& format) {
  return {.name = format.name,
          .height = kSide,
          .width = kSide,
          .channels = 3,
          .classes = format.classes(),
          .class_names = format.class_names};
}

// Checks the size before anything is read.
void append_file(const Format& format, const std::filesystem::path& path, std::optional<std::int64_t> records,
                 ImageDataset& dataset) {
  File file = open_file(path, format.origin);
  const auto size = static_cast<std::int64_t>(file.size());
  const std::int64_t record_size = format.record_size();
  if (records && size != *records * record_size)
    throw IoError(concat(path.string(), size < *records * record_size ? " is truncated: " : " is oversized: ", *records,
                         " records of ", record_size, " bytes make ", *records * record_size, ", it has ", size));
  if (size == 0) throw IoError(concat(path.string(), " is empty"));
  if (size % record_size != 0)
    throw IoError(concat(path.string(), " is truncated or not a file of ", format.origin.title, ": its ", size,
                         " bytes end in the middle of record ", size / record_size, " of ", record_size, " bytes"));
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  file.read(bytes.data(), bytes.size());
  const std::int64_t before = dataset.size();
  const std::int64_t count = static_cast<std::int64_t>(bytes.size()) / record_size;
  dataset.labels.reserve(static_cast<std::size_t>(before + count));
  dataset.images.resize(static_cast<std::size_t>((before + count) * 3 * kPlane));
  for (std::int64_t record = 0; record < count; ++record) {
    const std::uint8_t* at = bytes.data() + record * record_size;
    if (format.label_bytes == 2) check_label(path, record, at[0], format.coarse_classes, "coarse label");
    const std::int64_t label = at[format.label_bytes - 1];
    check_label(path, record, label, format.classes(), "label");
    dataset.labels.push_back(static_cast<std::int32_t>(label));
    planes_to_pixels(at + format.label_bytes, dataset.images.data() + (before + record) * 3 * kPlane);
  }
}

struct Files {
  std::vector<std::string> train;
  std::string test;
  std::optional<std::int64_t> train_records, test_records;  // in each file
};

// The files of which `folder` has at least one, if any.
std::optional<Files> find_files(Cifar variant, const std::filesystem::path& folder) {
  const auto any_of = [&folder](const Files& files) {
    bool found = std::filesystem::exists(folder / files.test);
    for (const std::string& file : files.train) found = found || std::filesystem::exists(folder / file);
    return found;
  };
  if (variant == Cifar::cifar100) {
    const Files official{{"train.bin"}, "test.bin", 50000, 10000};
    return any_of(official) ? std::optional(official) : std::nullopt;
  }
  const Files official{
      {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
      "test_batch.bin",
      10000,
      10000};
  if (any_of(official)) return official;
  const Files sample{{"train.bin"}, "test.bin", std::nullopt, std::nullopt};
  return any_of(sample) ? std::optional(sample) : std::nullopt;
}

// What lies in the place of the binary version, for the message.
std::string instead_of(const Format& format, const std::filesystem::path& folder) {
  std::error_code error;
  const std::string packed = concat(format.archive, "-binary.tar.gz");
  for (const std::string& name : {packed, concat(format.archive, "-binary.tar")})
    if (exists(folder / name, error))
      return concat("; ", (folder / name).string(), " is the archive that holds them: tar -xf ",
                    (folder / name).string(), " -C ", folder.string(), " unpacks it");
  for (const std::string& name : format.python)
    if (exists(folder / name, error))
      return concat("; ", (folder / name).string(), " is the version for Python, expected the binary version, ",
                    packed);
  return {};
}

}  // namespace

ImageDataset load_cifar_file(Cifar variant, const std::filesystem::path& path, std::optional<std::int64_t> records) {
  const Format& format = format_of(variant);
  ImageDataset dataset = empty_dataset(format);
  append_file(format, path, records, dataset);
  return dataset;
}

ImageSplits load_cifar(Cifar variant, const std::filesystem::path& folder) {
  const Format& format = format_of(variant);
  for (const std::filesystem::path& place : {folder / format.folder, folder}) {
    const std::optional<Files> files = find_files(variant, place);
    if (!files) continue;
    ImageSplits splits{empty_dataset(format), empty_dataset(format)};
    if (files->train_records)
      splits.train.images.reserve(files->train.size() * static_cast<std::size_t>(*files->train_records * 3 * kPlane));
    for (const std::string& file : files->train) append_file(format, place / file, files->train_records, splits.train);
    append_file(format, place / files->test, files->test_records, splits.test);
    return splits;
  }
  throw_missing(concat("there are no files of it in ", folder.string(), " nor in ", (folder / format.folder).string(),
                       instead_of(format, folder)),
                format.origin);
}

}  // namespace sluice::data

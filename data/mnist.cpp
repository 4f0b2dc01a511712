// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/mnist.h>

#include <algorithm>
#include <array>
#include <span>

#include <sluice/base/error.h>
#include <sluice/data/files.h>

namespace sluice::data {
namespace {

// IDX magic numbers: 0, 0, element type u8 (8), rank.
constexpr std::uint32_t kImagesMagic = 0x00000803;
constexpr std::uint32_t kLabelsMagic = 0x00000801;
constexpr std::int64_t kLargestSide = 4096;

struct Family {
  Origin origin;
  std::string name;
  std::vector<std::string> class_names;
};

const Family& family_of(Mnist variant) {
  static const std::array<Family, 3> families{{
      {{"MNIST", "https://yann.lecun.com/exdb/mnist/", "mnist"},
       "mnist",
       {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}},
      {{"Fashion-MNIST", "https://github.com/zalandoresearch/fashion-mnist", "fashion-mnist"},
       "fashion-mnist",
       {"T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"}},
      {{"Kuzushiji-MNIST", "https://github.com/rois-codh/kmnist", "kmnist"},
       "kmnist",
       {"o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"}},
  }};
  return families[static_cast<std::size_t>(variant)];
}

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

struct IdxFile {
  std::filesystem::path path;
  std::vector<std::uint8_t> bytes;
  std::vector<std::int64_t> extents;

  std::span<const std::uint8_t> elements() const { return std::span(bytes).subspan(4 + 4 * extents.size()); }
};

std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& name) {
  std::filesystem::path packed = folder / (name + ".gz");
  return exists(packed) ? packed : folder / name;
}

IdxFile read_idx(const std::filesystem::path& path, const Origin& origin, std::uint32_t magic) {
  IdxFile file{path, path.extension() == ".gz" ? read_gzip(path, origin) : read_file(path, origin), {}};
  const std::size_t rank = magic & 0xff;
  const std::size_t header = 4 + 4 * rank;
  if (file.bytes.size() >= 4 && big_endian(file.bytes.data()) != magic)
    throw IoError(
        concat(path.string(), " has a wrong magic number: expected ", magic, ", got ", big_endian(file.bytes.data())));
  if (file.bytes.size() < header)
    throw IoError(
        concat(path.string(), " is truncated: its header takes ", header, " bytes, it has ", file.bytes.size()));
  std::uint64_t expected = 1;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::uint32_t extent = big_endian(file.bytes.data() + 4 + 4 * axis);
    if (axis > 0 && (extent < 1 || extent > kLargestSide))
      throw IoError(concat(path.string(), ": an image side of ", extent, " pixels; expected 1 to ", kLargestSide));
    file.extents.push_back(extent);
    expected *= extent;
  }
  const std::size_t found = file.bytes.size() - header;
  if (found != expected)
    throw IoError(concat(path.string(), found < expected ? " is truncated: " : " is oversized: ",
                         "its header announces ", expected, " bytes of data, it has ", found));
  if (file.extents[0] == 0) throw IoError(concat(path.string(), " is empty"));
  return file;
}

ImageDataset load_part(const Family& family, const std::filesystem::path& folder, const std::string& part) {
  const IdxFile images = read_idx(find_file(folder, part + "-images-idx3-ubyte"), family.origin, kImagesMagic);
  const IdxFile labels = read_idx(find_file(folder, part + "-labels-idx1-ubyte"), family.origin, kLabelsMagic);
  if (images.extents[0] != labels.extents[0])
    throw IoError(concat(images.path.string(), " has ", images.extents[0], " images, ", labels.path.string(), " has ",
                         labels.extents[0], " labels"));
  const auto classes = static_cast<std::int64_t>(family.class_names.size());
  const auto bad = std::ranges::find_if(labels.elements(), [classes](std::uint8_t label) { return label >= classes; });
  if (bad != labels.elements().end())
    throw IoError(concat(labels.path.string(), ": record ", bad - labels.elements().begin(),
                         " (counted from 0) has label ", int{*bad}, ", out of range: expected 0 to ", classes - 1));
  return {.name = family.name,
          .height = images.extents[1],
          .width = images.extents[2],
          .channels = 1,
          .classes = classes,
          .class_names = family.class_names,
          .images = {images.elements().begin(), images.elements().end()},
          .labels = {labels.elements().begin(), labels.elements().end()}};
}

bool has_files(const std::filesystem::path& folder) {
  for (const char* part : {"train", "t10k"})
    for (const char* rest : {"-images-idx3-ubyte", "-labels-idx1-ubyte"})
      if (exists(find_file(folder, concat(part, rest)))) return true;
  return false;
}

}  // namespace

ImageSplits load_mnist(Mnist variant, const std::filesystem::path& folder) {
  const Family& family = family_of(variant);
  for (const std::filesystem::path& place : {folder / family.name, folder}) {
    if (!has_files(place)) continue;
    ImageSplits splits{load_part(family, place, "train"), load_part(family, place, "t10k")};
    if (splits.train.height != splits.test.height || splits.train.width != splits.test.width)
      throw IoError(concat(place.string(), ": training images are ", splits.train.height, "x", splits.train.width,
                           ", test images ", splits.test.height, "x", splits.test.width));
    return splits;
  }
  throw_missing(concat("there are no files of it in ", folder.string(), " nor in ", (folder / family.name).string()),
                family.origin);
}

}  // namespace sluice::data

// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/svhn.h>

#include <algorithm>
#include <optional>

#include <sluice/base/error.h>
#include <sluice/base/number.h>
#include <sluice/data/mat_file.h>

namespace sluice::data {
namespace {

constexpr std::int64_t kSide = 32;
constexpr std::int64_t kChannels = 3;

const Origin& origin() {
  static const Origin svhn{"SVHN", "http://ufldl.stanford.edu/housenumbers", "svhn"};
  return svhn;
}

// The official files have 531,131 records at most.
constexpr std::int64_t kMostRecords = 10'000'000;

std::string extents_of(const MatArray& array) {
  std::string text;
  for (const std::int64_t extent : array.extents) text += concat(text.empty() ? "" : "x", extent);
  return text;
}

std::string found(const MatArray& array) {
  return concat(array.complex ? "complex " : "", array.class_name, " of ", extents_of(array));
}

// From MATLAB's order, where the row runs fastest and the record slowest, to [N,H,W,C].
std::vector<std::uint8_t> read_images(MatFile& file, const MatArray& x, const std::string& path) {
  const std::vector<std::int64_t> image{kSide, kSide, kChannels};
  const bool fits = x.class_name == "uint8" && x.type == MatType::u8 && !x.complex && x.extents.size() == 4 &&
                    std::equal(image.begin(), image.end(), x.extents.begin()) && x.size > 0 &&
                    x.extents[3] <= kMostRecords;
  if (!fits) throw IoError(concat(path, ": X expects uint8 of 32x32x3xN, got ", found(x)));
  std::vector<std::uint8_t> images, record(kSide * kSide * kChannels);
  images.reserve(static_cast<std::size_t>(x.size));
  for (std::int64_t n = 0; n < x.extents[3]; ++n) {
    file.read(record);
    for (std::int64_t row = 0; row < kSide; ++row)
      for (std::int64_t column = 0; column < kSide; ++column)
        for (std::int64_t channel = 0; channel < kChannels; ++channel)
          images.push_back(record[static_cast<std::size_t>(row + kSide * (column + kSide * channel))]);
  }
  return images;
}

// Labels come as a column or a row.
std::vector<std::int32_t> read_labels(MatFile& file, const MatArray& y, const std::string& path) {
  const bool numbers = y.class_name == "uint8" || y.class_name == "double";
  if (!numbers || y.complex || y.extents.size() != 2 || y.size > kMostRecords)
    throw IoError(concat(path, ": y expects one label a record in uint8 or double, got ", found(y)));
  std::vector<std::int32_t> labels;
  labels.reserve(static_cast<std::size_t>(y.size));
  for (std::int64_t record = 0; record < y.size; ++record) {
    const std::optional<std::int64_t> label = whole_number(file.read_number());
    if (!label || *label < 1 || *label > 10)
      throw IoError(concat(path, ": record ", record, " (counted from 0) has label ",
                           label ? concat(*label) : "that is no whole number", ", out of range: expected 1 to 10"));
    labels.push_back(static_cast<std::int32_t>(*label % 10));
  }
  return labels;
}

ImageDataset load_part(const std::filesystem::path& path) {
  const std::string name = path.string();
  MatFile file(path, origin());
  ImageDataset dataset{.name = "svhn",
                       .height = kSide,
                       .width = kSide,
                       .channels = kChannels,
                       .classes = 10,
                       .class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}};
  std::optional<std::string> labels_found;
  while (dataset.images.empty() || !labels_found) {
    const std::optional<MatArray> array = file.next();
    if (!array)
      throw IoError(concat(name, " has no variable ", dataset.images.empty() ? "X (images)" : "y (labels)",
                           "; expected X and y"));
    if (array->name == "X") {
      if (!dataset.images.empty()) throw IoError(concat(name, " has two variables X"));
      dataset.images = read_images(file, *array, name);
    } else if (array->name == "y") {
      if (labels_found) throw IoError(concat(name, " has two variables y"));
      labels_found = extents_of(*array);
      dataset.labels = read_labels(file, *array, name);
    }
  }
  const std::size_t records = dataset.images.size() / (kSide * kSide * kChannels);
  if (dataset.labels.size() != records)
    throw IoError(concat(name, ": y expects ", records, " labels, one for each record of X, got ", *labels_found));
  return dataset;
}

}  // namespace

ImageSplits load_svhn(const std::filesystem::path& folder) {
  for (const std::filesystem::path& place : {folder / "svhn", folder})
    if (exists(place / "train_32x32.mat") || exists(place / "test_32x32.mat"))
      return {load_part(place / "train_32x32.mat"), load_part(place / "test_32x32.mat")};
  throw_missing(concat("there are no files of it in ", folder.string(), " nor in ", (folder / "svhn").string()),
                origin());
}

}  // namespace sluice::data

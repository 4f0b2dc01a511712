// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/svhn.h>

#include <cstring>

#include "tests/data/scratch_folder.h"

namespace sluice::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A level 5 MAT-file as MathWorks' "MAT-File Format" describes it, little endian and uncompressed.
class MatBytes {
 public:
  MatBytes() : bytes_(128, ' ') {
    const char text[] = "MATLAB 5.0 MAT-file";
    std::memcpy(bytes_.data(), text, sizeof text - 1);
    bytes_[124] = 0x00, bytes_[125] = 0x01, bytes_[126] = 'I', bytes_[127] = 'M';
  }

  // Classes: 6 double, 9 u8. Element types: 2 u8, 9 double.
  void add(const std::string& name, std::uint32_t matrix_class, const std::vector<std::int32_t>& extents,
           std::uint32_t element, const Bytes& data) {
    Bytes matrix;
    element_of(matrix, 6, words({matrix_class, 0}));
    element_of(matrix, 5, words({extents.begin(), extents.end()}));
    element_of(matrix, 1, Bytes(name.begin(), name.end()));
    element_of(matrix, element, data);
    element_of(bytes_, 14, matrix);
  }
  const Bytes& bytes() const { return bytes_; }

 private:
  static Bytes words(const std::vector<std::uint32_t>& values) {
    Bytes bytes(4 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  static void element_of(Bytes& to, std::uint32_t type, const Bytes& data) {
    const Bytes tag = words({type, static_cast<std::uint32_t>(data.size())});
    to.insert(to.end(), tag.begin(), tag.end());
    to.insert(to.end(), data.begin(), data.end());
    to.resize((to.size() + 7) / 8 * 8);
  }

  Bytes bytes_;
};

// A byte that tells row, column, channel and record apart.
std::uint8_t pixel(int row, int column, int channel, int record) {
  return static_cast<std::uint8_t>(row + 7 * column + 83 * channel + 31 * record);
}

Bytes pixels(int records) {
  Bytes bytes;
  for (int record = 0; record < records; ++record)
    for (int channel = 0; channel < 3; ++channel)
      for (int column = 0; column < 32; ++column)
        for (int row = 0; row < 32; ++row) bytes.push_back(pixel(row, column, channel, record));
  return bytes;
}

Bytes file_of(const Bytes& labels) {
  const auto count = static_cast<std::int32_t>(labels.size());
  MatBytes file;
  file.add("X", 9, {32, 32, 3, count}, 2, pixels(count));
  file.add("y", 9, {count, 1}, 2, labels);
  return file.bytes();
}

TEST(Svhn, IsReadAsNhwcWithDigitsAsLabels) {
  const ScratchFolder folder;
  folder.write("svhn/train_32x32.mat", file_of({1, 10, 9}));
  folder.write("svhn/test_32x32.mat", file_of({10, 5}));
  const ImageSplits splits = load_svhn(folder.path());
  EXPECT_EQ(splits.train.labels, (std::vector<std::int32_t>{1, 0, 9}));
  EXPECT_EQ(splits.test.labels, (std::vector<std::int32_t>{0, 5}));
  EXPECT_EQ(splits.train.class_names[7], "7");
  ASSERT_EQ(splits.train.images.size(), 3u * 3072);
  auto found = splits.train.images.begin();
  for (int record = 0; record < 3; ++record)
    for (int row = 0; row < 32; ++row)
      for (int column = 0; column < 32; ++column)
        for (int channel = 0; channel < 3; ++channel) ASSERT_EQ(*found++, pixel(row, column, channel, record));
}

TEST(Svhn, LabelsMayBeDouble) {
  const ScratchFolder folder;
  MatBytes file;
  file.add("X", 9, {32, 32, 3, 2}, 2, pixels(2));
  const double labels[] = {3, 10};
  Bytes bytes(sizeof labels);
  std::memcpy(bytes.data(), labels, sizeof labels);
  file.add("y", 6, {2, 1}, 9, bytes);
  folder.write("train_32x32.mat", file.bytes());
  folder.write("test_32x32.mat", file.bytes());
  EXPECT_EQ(load_svhn(folder.path()).test.labels, (std::vector<std::int32_t>{3, 0}));
}

TEST(Svhn, BadFilesAreNamed) {
  const ScratchFolder folder;
  const auto load = [&] { load_svhn(folder.path()); };
  const auto expect_of_train = [&](const Bytes& bytes, const std::vector<std::string>& words) {
    folder.write("train_32x32.mat", bytes);
    expect_io_error(load, words);
  };
  expect_io_error(load, {"SVHN", folder.path().string(), "ufldl.stanford.edu", "fetch_data.sh svhn"});
  folder.write("test_32x32.mat", file_of({1}));
  expect_io_error(load, {"train_32x32.mat", "ufldl.stanford.edu"});
  expect_of_train({'n', 'o'}, {"train_32x32.mat", "damaged"});
  expect_of_train(file_of({1, 11}), {"train_32x32.mat", "record 1", "label 11", "1 to 10"});
  expect_of_train(file_of({0}), {"record 0", "label 0"});
  Bytes truncated = file_of({1, 2, 3});
  truncated.resize(4000);
  expect_of_train(truncated, {"train_32x32.mat", "damaged or truncated"});
  MatBytes other;
  other.add("X", 9, {32, 32, 1, 3}, 2, pixels(1));
  expect_of_train(other.bytes(), {"32x32x3xN", "32x32x1x3"});
  MatBytes unlabelled;
  unlabelled.add("X", 9, {32, 32, 3, 1}, 2, pixels(1));
  expect_of_train(unlabelled.bytes(), {"y"});
  MatBytes fewer;
  fewer.add("X", 9, {32, 32, 3, 2}, 2, pixels(2));
  fewer.add("y", 9, {1, 1}, 2, {1});
  expect_of_train(fewer.bytes(), {"2 labels", "1x1"});
}

}  // namespace
}  // namespace sluice::data

// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/svhn.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/data/mat_bytes.h"
#include "tests/data/scratch_folder.h"

namespace sluice::data {
namespace {

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

Bytes images_of(int records) {
  return MatBytes::matrix("X", kMatU8Class, {32, 32, 3, records}, kMatU8, pixels(records));
}

Bytes labels_of(const Bytes& labels) {
  return MatBytes::matrix("y", kMatU8Class, {static_cast<std::int32_t>(labels.size()), 1}, kMatU8, labels);
}

Bytes labels_of(const std::vector<double>& labels) {
  Bytes bytes(labels.size() * sizeof(double));
  std::memcpy(bytes.data(), labels.data(), bytes.size());
  return MatBytes::matrix("y", kMatDoubleClass, {static_cast<std::int32_t>(labels.size()), 1}, kMatDouble, bytes);
}

Bytes file_of(const std::vector<Bytes>& elements) {
  MatBytes file;
  for (const Bytes& element : elements) file.add(element);
  return file.bytes();
}

Bytes packed_file_of(const std::vector<Bytes>& elements) {
  MatBytes file;
  for (const Bytes& element : elements) file.add_packed(element);
  return file.bytes();
}

Bytes labelled(const Bytes& labels) { return file_of({images_of(static_cast<int>(labels.size())), labels_of(labels)}); }

void expect_pixels(const std::vector<std::uint8_t>& images, int records) {
  ASSERT_EQ(images.size(), static_cast<std::size_t>(records) * 3072);
  auto found = images.begin();
  for (int record = 0; record < records; ++record)
    for (int row = 0; row < 32; ++row)
      for (int column = 0; column < 32; ++column)
        for (int channel = 0; channel < 3; ++channel) ASSERT_EQ(*found++, pixel(row, column, channel, record));
}

class SvhnFiles : public testing::Test {
 protected:
  SvhnFiles() { folder.write("test_32x32.mat", labelled({1})); }
  ImageDataset train_of(const Bytes& bytes) const {
    folder.write("train_32x32.mat", bytes);
    return load_svhn(folder.path()).train;
  }
  void expect_error(const Bytes& bytes, std::vector<std::string> words) const {
    words.push_back((folder.path() / "train_32x32.mat").string());
    expect_io_error([&] { train_of(bytes); }, words);
  }
  const ScratchFolder folder;
};

TEST(Svhn, IsReadAsNhwcWithDigitsAsLabels) {
  const ScratchFolder folder;
  folder.write("svhn/train_32x32.mat", labelled({1, 10, 9}));
  folder.write("svhn/test_32x32.mat", labelled({10, 5}));
  const ImageSplits splits = load_svhn(folder.path());
  EXPECT_EQ(splits.train.labels, (std::vector<std::int32_t>{1, 0, 9}));
  EXPECT_EQ(splits.test.labels, (std::vector<std::int32_t>{0, 5}));
  EXPECT_EQ(splits.train.class_names[7], "7");
  expect_pixels(splits.train.images, 3);
}

// Written by tests/reference/make_mat.py with SciPy: packed and with variables of other kinds before, and plain.
TEST_F(SvhnFiles, WhatSciPyWroteIsRead) {
  for (const char* name : {"svhn_packed.mat", "svhn_plain.mat"}) {
    std::filesystem::copy_file(std::filesystem::path(SLUICE_REFERENCE_FOLDER) / name, folder.path() / "train_32x32.mat",
                               std::filesystem::copy_options::overwrite_existing);
    const ImageDataset train = load_svhn(folder.path()).train;
    EXPECT_EQ(train.labels, (std::vector<std::int32_t>{7, 0})) << name;
    expect_pixels(train.images, 2);
  }
}

TEST_F(SvhnFiles, VariablesMayBePackedAndInAnyOrder) {
  const Bytes other = MatBytes::matrix("extra", kMatU8Class, {2, 2}, kMatU8, {1, 2, 3, 4});
  for (const std::vector<Bytes>& elements :
       {std::vector{images_of(2), labels_of(Bytes{3, 10})}, {other, labels_of(Bytes{3, 10}), other, images_of(2)}})
    for (const Bytes& file : {file_of(elements), packed_file_of(elements)}) {
      const ImageDataset train = train_of(file);
      EXPECT_EQ(train.labels, (std::vector<std::int32_t>{3, 0}));
      expect_pixels(train.images, 2);
    }
}

TEST_F(SvhnFiles, LabelsMayBeDoubleAndStoredInBytes) {
  EXPECT_EQ(train_of(file_of({images_of(2), labels_of(std::vector<double>{3, 10})})).labels,
            (std::vector<std::int32_t>{3, 0}));
  const Bytes narrow = MatBytes::matrix("y", kMatDoubleClass, {1, 2}, kMatU8, {3, 10});
  EXPECT_EQ(train_of(file_of({images_of(2), narrow})).labels, (std::vector<std::int32_t>{3, 0}));
}

TEST_F(SvhnFiles, ComplexNumbersAreRefused) {
  const Bytes x = MatBytes::matrix("X", kMatU8Class | kMatComplex, {32, 32, 3, 1}, kMatU8, pixels(1));
  expect_error(file_of({x, labels_of(Bytes{1})}), {"X expects uint8", "got complex uint8 of 32x32x3x1"});
  const Bytes y = MatBytes::matrix("y", kMatU8Class | kMatComplex, {1, 1}, kMatU8, {1});
  expect_error(file_of({images_of(1), y}), {"y expects one label a record", "got complex uint8 of 1x1"});
}

TEST_F(SvhnFiles, LabelsThatAreNoDigitsAreRefused) {
  expect_error(labelled(Bytes{1, 11}), {"record 1", "label 11", "1 to 10"});
  expect_error(labelled(Bytes{0}), {"record 0", "label 0"});
  for (const double label : {std::numeric_limits<double>::quiet_NaN(), 1.5, HUGE_VAL, 1e300})
    expect_error(file_of({images_of(1), labels_of(std::vector{label})}), {"record 0", "no whole number"});
}

TEST_F(SvhnFiles, ExtentsThatLieAreRefused) {
  const Bytes y = labels_of(Bytes{1});
  const auto x_of = [](const std::vector<std::int32_t>& extents) {
    return MatBytes::matrix("X", kMatU8Class, extents, kMatU8, pixels(1));
  };
  expect_error(file_of({x_of({32, 32, 3, 1000000}), y}), {"announce 3072000000 bytes", "it has 3072"});
  expect_error(file_of({x_of({32, 32, 3, -1}), y}), {"extent -1"});
  expect_error(file_of({x_of({2147483647, 2147483647, 2147483647, 2147483647}), y}), {"extent 2147483647"});
  // The tag of the elements lies too: then there are not so many bytes in the variable, packed or not.
  Bytes lie = MatBytes::matrix("X", kMatU8Class, {32, 32, 3, 100}, kMatU8, pixels(1));
  const Bytes honest = MatBytes::words({kMatU8, 3072}), wrong = MatBytes::words({kMatU8, 307200});
  std::copy(wrong.begin(), wrong.end(), std::search(lie.begin(), lie.end(), honest.begin(), honest.end()));
  expect_error(file_of({lie, y}), {"announce 307200 bytes", "no more than 3072 follow"});
  expect_error(packed_file_of({lie, y}), {"announce 307200 bytes", "no more than 3072 follow"});
}

TEST_F(SvhnFiles, OtherFormatsAreNamed) {
  Bytes file = labelled(Bytes{1});
  std::swap(file[124], file[125]), std::swap(file[126], file[127]);
  expect_error(file, {"big-endian"});
  std::memcpy(file.data(), "MATLAB 7.3", 10);
  file[124] = 0, file[125] = 2, file[126] = 'I', file[127] = 'M';
  expect_error(file, {"MATLAB's version 7.3"});
  const std::string page = "<html>no</html>";
  expect_error(Bytes(page.begin(), page.end()), {"no MATLAB file", "web page"});
}

TEST_F(SvhnFiles, FlippedBitsOfPackedElementsAreNoticed) {
  const Bytes good = packed_file_of({images_of(1), labels_of(Bytes{7})});
  const ImageDataset whole = train_of(good);
  for (std::size_t bit = 8 * 128; bit < 8 * good.size(); bit += 23) {
    Bytes damaged = good;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    folder.write("train_32x32.mat", damaged);
    try {
      const ImageDataset found = load_svhn(folder.path()).train;
      EXPECT_EQ(found.images, whole.images) << bit;
      EXPECT_EQ(found.labels, whole.labels) << bit;
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find("train_32x32.mat"), std::string::npos) << error.what();
    }
  }
}

TEST_F(SvhnFiles, EveryTruncationIsNoticed) {
  for (const Bytes& good : {labelled(Bytes{7}), packed_file_of({images_of(1), labels_of(Bytes{7})})})
    for (std::size_t size = 0; size < good.size(); size = size < good.size() - 50 ? size + 37 : size + 1) {
      folder.write("train_32x32.mat", Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
      EXPECT_THROW(load_svhn(folder.path()), IoError) << size;
    }
}

TEST_F(SvhnFiles, BadFilesAreNamed) {
  const ScratchFolder empty;
  expect_io_error([&] { load_svhn(empty.path()); },
                  {"SVHN", empty.path().string(), "ufldl.stanford.edu", "fetch_data.sh svhn"});
  expect_io_error([&] { load_svhn(folder.path()); }, {"train_32x32.mat", "ufldl.stanford.edu"});
  expect_error(file_of({MatBytes::matrix("X", kMatU8Class, {32, 32, 1, 3}, kMatU8, pixels(1))}),
               {"32x32x3xN", "32x32x1x3"});
  expect_error(file_of({images_of(1)}), {"no variable y"});
  expect_error(file_of({labels_of(Bytes{1})}), {"no variable X"});
  expect_error(file_of({images_of(1), images_of(1)}), {"two variables X"});
  expect_error(file_of({images_of(2), labels_of(Bytes{1})}), {"2 labels", "1x1"});
}

}  // namespace
}  // namespace sluice::data

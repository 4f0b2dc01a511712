// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/cifar.h>

#include <algorithm>
#include <set>

#include "tests/data/scratch_folder.h"

namespace sluice::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A byte that tells record, plane and position apart.
std::uint8_t pixel(int record, int plane, int position) {
  return static_cast<std::uint8_t>(7 * record + 83 * plane + 3 * position + position / 32);
}

// Records with these labels (one or two bytes each), as the official page describes them.
Bytes records(const std::vector<Bytes>& labels) {
  Bytes bytes;
  for (std::size_t record = 0; record < labels.size(); ++record) {
    bytes.insert(bytes.end(), labels[record].begin(), labels[record].end());
    for (int plane = 0; plane < 3; ++plane)
      for (int position = 0; position < 1024; ++position)
        bytes.push_back(pixel(static_cast<int>(record), plane, position));
  }
  return bytes;
}

TEST(Cifar, SampleFolderIsReadAsNhwc) {
  const ScratchFolder folder;
  folder.write("train.bin", records({{3}, {9}, {0}}));
  folder.write("test.bin", records({{7}}));
  const ImageSplits splits = load_cifar(Cifar::cifar10, folder.path());
  EXPECT_EQ(splits.train.labels, (std::vector<std::int32_t>{3, 9, 0}));
  EXPECT_EQ(splits.test.labels, (std::vector<std::int32_t>{7}));
  EXPECT_EQ(splits.train.size(), 3);
  EXPECT_EQ(splits.train.classes, 10);
  EXPECT_EQ(splits.train.class_names[9], "truck");
  ASSERT_EQ(splits.train.images.size(), 3u * 3072);
  for (int record = 0; record < 3; ++record)
    for (int position = 0; position < 1024; ++position)
      for (int plane = 0; plane < 3; ++plane)
        ASSERT_EQ(splits.train.images[static_cast<std::size_t>(record * 3072 + position * 3 + plane)],
                  pixel(record, plane, position));
}

TEST(Cifar, Cifar100KeepsTheFineLabel) {
  const ScratchFolder folder;
  const auto path = folder.write("some.bin", records({{19, 99}, {0, 42}}));
  const ImageDataset dataset = load_cifar_file(Cifar::cifar100, path, 2);
  EXPECT_EQ(dataset.labels, (std::vector<std::int32_t>{99, 42}));
  EXPECT_EQ(dataset.classes, 100);
  EXPECT_EQ(dataset.images[0], pixel(0, 0, 0));
  EXPECT_EQ(dataset.images[3072 + 5], pixel(1, 2, 1));
  // The official names are in alphabetical order, and a hundred.
  EXPECT_TRUE(std::ranges::is_sorted(dataset.class_names));
  EXPECT_EQ(std::set<std::string>(dataset.class_names.begin(), dataset.class_names.end()).size(), 100u);
}

TEST(Cifar, MissingFilesNameThePathAndTheOfficialPage) {
  const ScratchFolder folder;
  const auto load = [&](Cifar variant) { return [&folder, variant] { load_cifar(variant, folder.path()); }; };
  expect_io_error(load(Cifar::cifar10),
                  {"CIFAR-10", folder.path().string(), "https://www.cs.toronto.edu/~kriz/cifar.html"});
  expect_io_error(load(Cifar::cifar100),
                  {"CIFAR-100", folder.path().string(), "cifar-100-binary", "fetch_data.sh cifar100"});
  folder.write("cifar-10-batches-bin/test_batch.bin", {1});
  expect_io_error(load(Cifar::cifar10), {"data_batch_1.bin", (folder.path() / "cifar-10-batches-bin").string(),
                                         "https://www.cs.toronto.edu"});
}

TEST(Cifar, OfficialFilesHaveTheirExactSize) {
  const ScratchFolder folder;
  const auto path = folder.write("data_batch_1.bin", records({{1}, {2}}));
  const auto load = [&] { load_cifar(Cifar::cifar10, folder.path()); };
  expect_io_error(load, {path.string(), "truncated", "30730000", "6146"});
  std::filesystem::resize_file(path, 30730001);
  expect_io_error(load, {path.string(), "oversized", "30730000", "30730001"});
  const ScratchFolder folder100;
  const auto path100 = folder100.write("cifar-100-binary/train.bin", records({{1, 1}}));
  expect_io_error([&] { load_cifar(Cifar::cifar100, folder100.path()); }, {path100.string(), "truncated", "153700000"});
}

TEST(Cifar, WhatLiesInTheirPlaceIsNamed) {
  const ScratchFolder folder;
  const auto load = [&] { load_cifar(Cifar::cifar10, folder.path()); };
  const auto python = folder.write("cifar-10-batches-py/data_batch_1", {0x80, 2});
  expect_io_error(load, {python.parent_path().string(), "the version for Python", "cifar-10-binary.tar.gz"});
  expect_io_error([&] { load_cifar(Cifar::cifar10, python.parent_path()); }, {python.string(), "version for Python"});
  const auto archive = folder.write("cifar-10-binary.tar.gz", {0x1f, 0x8b});
  expect_io_error(load, {"tar -xf " + archive.string()});
}

TEST(Cifar, PartsOfRecordsAreErrors) {
  const ScratchFolder folder;
  folder.write("test.bin", records({{7}}));
  const auto load = [&] { load_cifar(Cifar::cifar10, folder.path()); };
  Bytes bytes = records({{3}, {9}});
  bytes.pop_back();
  const auto path = folder.write("train.bin", bytes);
  expect_io_error(load, {path.string(), "truncated", "record 1", "6145"});
  folder.write("train.bin", {});
  expect_io_error(load, {path.string(), "empty"});
  std::filesystem::remove(path);
  expect_io_error(load, {"there is no " + path.string()});
  std::filesystem::create_directory(path);
  expect_io_error(load, {path.string(), "not a regular file"});
}

TEST(Cifar, LabelsOutOfRangeNameFileRecordAndValue) {
  const ScratchFolder folder;
  const auto ten = folder.write("ten.bin", records({{0}, {9}, {10}}));
  expect_io_error([&] { load_cifar_file(Cifar::cifar10, ten); }, {ten.string(), "record 2", "label 10", "0 to 9"});
  const auto fine = folder.write("fine.bin", records({{0, 0}, {19, 100}}));
  expect_io_error([&] { load_cifar_file(Cifar::cifar100, fine); }, {fine.string(), "record 1", "label 100", "0 to 99"});
  const auto coarse = folder.write("coarse.bin", records({{20, 0}}));
  expect_io_error([&] { load_cifar_file(Cifar::cifar100, coarse); }, {coarse.string(), "record 0", "coarse label 20"});
}

}  // namespace
}  // namespace sluice::data

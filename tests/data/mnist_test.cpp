// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/mnist.h>

#include <sys/resource.h>
#include <sys/stat.h>
#include <zlib.h>

#include <sluice/data/files.h>
#include "tests/data/mat_bytes.h"
#include "tests/data/scratch_folder.h"

namespace sluice::data {
namespace {

// An IDX file of bytes: magic number, extents as big-endian words, data.
Bytes idx(std::uint8_t rank, const std::vector<std::uint8_t>& extents, const Bytes& data) {
  Bytes bytes{0, 0, 8, rank};
  for (const std::uint8_t extent : extents) bytes.insert(bytes.end(), {0, 0, 0, extent});
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Bytes gzip(const Bytes& bytes) { return deflated(bytes, true); }

// Bytes that this process has used at most.
std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * std::int64_t{1024};
}

// Three training images and two test images of 2x3 pixels.
class MnistFiles : public testing::Test {
 protected:
  const Bytes train_images = idx(3, {3, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 250, 251, 252, 253, 254, 255});
  const Bytes train_labels = idx(1, {3}, {5, 0, 9});
  const Bytes test_images = idx(3, {2, 2, 3}, {9, 9, 9, 9, 9, 9, 8, 8, 8, 8, 8, 8});
  const Bytes test_labels = idx(1, {2}, {1, 2});
  ScratchFolder folder;

  MnistFiles() {
    folder.write("train-images-idx3-ubyte", train_images);
    folder.write("train-labels-idx1-ubyte", train_labels);
    folder.write("t10k-images-idx3-ubyte", test_images);
    folder.write("t10k-labels-idx1-ubyte", test_labels);
  }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  void expect_error(const std::vector<std::string>& words) const {
    expect_io_error([this] { load_mnist(Mnist::digits, folder.path()); }, words);
  }
};

TEST_F(MnistFiles, PlainFiles) {
  const ImageSplits splits = load_mnist(Mnist::fashion, folder.path());
  EXPECT_EQ(splits.train.name, "fashion-mnist");
  EXPECT_EQ(splits.train.class_names[9], "ankle boot");
  EXPECT_EQ(splits.train.height, 2);
  EXPECT_EQ(splits.train.width, 3);
  EXPECT_EQ(splits.train.channels, 1);
  EXPECT_EQ(splits.train.labels, (std::vector<std::int32_t>{5, 0, 9}));
  EXPECT_EQ(splits.train.images, Bytes(train_images.begin() + 16, train_images.end()));
  EXPECT_EQ(splits.test.labels, (std::vector<std::int32_t>{1, 2}));
}

TEST_F(MnistFiles, GzipFilesInTheFolderOfThatName) {
  folder.write("kmnist/train-images-idx3-ubyte.gz", gzip(train_images));
  folder.write("kmnist/train-labels-idx1-ubyte", idx(1, {3}, {1, 1, 1}));
  folder.write("kmnist/t10k-images-idx3-ubyte.gz", gzip(test_images));
  folder.write("kmnist/t10k-labels-idx1-ubyte.gz", gzip(test_labels));
  const ImageSplits splits = load_mnist(Mnist::kuzushiji, folder.path());
  EXPECT_EQ(splits.train.labels, (std::vector<std::int32_t>{1, 1, 1}));
  EXPECT_EQ(splits.train.images, Bytes(train_images.begin() + 16, train_images.end()));
}

TEST_F(MnistFiles, Missing) {
  std::filesystem::remove(path("t10k-labels-idx1-ubyte"));
  expect_error({path("t10k-labels-idx1-ubyte"), "https://yann.lecun.com/exdb/mnist"});
  const ScratchFolder empty;
  expect_io_error([&] { load_mnist(Mnist::kuzushiji, empty.path()); },
                  {empty.path().string(), "https://github.com/rois-codh/kmnist", "fetch_data.sh kmnist"});
}

TEST_F(MnistFiles, TruncatedAndOversized) {
  Bytes bytes = train_images;
  bytes.pop_back();
  folder.write("train-images-idx3-ubyte", bytes);
  expect_error({path("train-images-idx3-ubyte"), "truncated", "18", "17"});
  folder.write("train-images-idx3-ubyte", {0, 0, 8, 3, 0, 0});
  expect_error({path("train-images-idx3-ubyte"), "truncated", "header"});
  bytes = train_images;
  bytes.push_back(0);
  folder.write("train-images-idx3-ubyte", bytes);
  expect_error({path("train-images-idx3-ubyte"), "oversized", "18", "19"});
}

TEST_F(MnistFiles, WrongMagic) {
  folder.write("train-images-idx3-ubyte", train_labels);
  expect_error({path("train-images-idx3-ubyte"), "magic", "2051", "2049"});
}

TEST_F(MnistFiles, ExtentsThatLie) {
  Bytes bytes = train_images;
  bytes[4] = 0xff;  // four thousand million images
  folder.write("train-images-idx3-ubyte", bytes);
  expect_error({path("train-images-idx3-ubyte"), "truncated"});
  bytes = train_images;
  bytes[8] = 0xff;
  folder.write("train-images-idx3-ubyte", bytes);
  expect_error({path("train-images-idx3-ubyte"), "side"});
  folder.write("train-images-idx3-ubyte", train_images);
  folder.write("train-labels-idx1-ubyte", idx(1, {2}, {5, 0}));
  expect_error({"3 images", "2 labels", path("train-labels-idx1-ubyte")});
}

TEST_F(MnistFiles, LabelOutOfRange) {
  folder.write("t10k-labels-idx1-ubyte", idx(1, {2}, {1, 10}));
  expect_error({path("t10k-labels-idx1-ubyte"), "record 1", "label 10", "0 to 9"});
}

TEST_F(MnistFiles, EveryFlippedBitOfAGzipIsNoticed) {
  const Bytes packed = gzip(train_labels);
  const std::string name = "train-labels-idx1-ubyte.gz";
  const ImageSplits whole = load_mnist(Mnist::digits, folder.path());
  std::filesystem::remove(path("train-labels-idx1-ubyte"));
  for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
    Bytes damaged = packed;
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
    folder.write(name, damaged);
    try {
      // Nothing of the data is in the header's flags, time and system, nor in the padding before checksum and size.
      EXPECT_EQ(load_mnist(Mnist::digits, folder.path()).train.labels, whole.train.labels);
      EXPECT_TRUE((bit / 8 >= 3 && bit / 8 < 10) || bit / 8 == packed.size() - 9) << bit;
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find(path(name)), std::string::npos) << error.what();
    }
  }
}

TEST_F(MnistFiles, BrokenGzip) {
  const std::string name = "train-images-idx3-ubyte.gz";
  const Bytes packed = gzip(train_images);
  std::filesystem::remove(path("train-images-idx3-ubyte"));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    folder.write(name, Bytes(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(size)));
    expect_error({path(name), "truncated"});
  }
  Bytes longer = packed;
  longer.push_back(0);
  folder.write(name, longer);
  expect_error({path(name), "oversized", "1 bytes follow"});
  Bytes damaged = packed;
  damaged[packed.size() - 8] ^= 1;
  folder.write(name, damaged);
  expect_error({path(name), "damaged", "incorrect data check"});
}

// 100 MB of zeros behind what the header announces, in 97 kB; unpacking them would show.
TEST_F(MnistFiles, NoMoreIsUnpackedThanTheHeaderAnnounces) {
  const gzFile bomb = gzopen(path("train-images-idx3-ubyte").c_str(), "wb9");
  gzwrite(bomb, train_images.data(), static_cast<unsigned>(train_images.size()));
  const Bytes zeros(1'000'000);
  for (int i = 0; i < 100; ++i) gzwrite(bomb, zeros.data(), static_cast<unsigned>(zeros.size()));
  ASSERT_EQ(gzclose(bomb), Z_OK);
  const std::int64_t before = peak_memory();
  expect_error({path("train-images-idx3-ubyte"), "oversized", "18 bytes"});
  EXPECT_LT(peak_memory() - before, 10'000'000);
}

TEST_F(MnistFiles, AnAnnouncementBeyondWhatTheFileCanHoldIsRefusedBeforeMemoryIsTaken) {
  Bytes lie = train_images;
  lie[5] = 0xff;  // 2^24 images more
  lie[10] = lie[14] = 0x0f;
  folder.write("train-images-idx3-ubyte", gzip(lie));
  expect_error({path("train-images-idx3-ubyte"), "truncated", "no more than"});
}

TEST_F(MnistFiles, NamesOfOtherUnpackersAreAccepted) {
  for (const char* part : {"train", "t10k"})
    for (const auto& [official, other] : {std::pair("-images-idx3-ubyte", "-images.idx3-ubyte"),
                                          std::pair("-labels-idx1-ubyte", "-labels.idx1-ubyte.gz")})
      std::filesystem::rename(path(concat(part, official)), path(concat(part, other)));
  EXPECT_EQ(load_mnist(Mnist::digits, folder.path()).train.labels, (std::vector<std::int32_t>{5, 0, 9}));
}

TEST_F(MnistFiles, TorchvisionsFoldersAreAccepted) {
  const ScratchFolder root;
  for (const std::string family : {"MNIST", "FashionMNIST", "KMNIST"}) {
    std::filesystem::create_directories(root.path() / family);
    std::filesystem::copy(folder.path(), root.path() / family / "raw");
  }
  for (const Mnist variant : {Mnist::digits, Mnist::fashion, Mnist::kuzushiji})
    EXPECT_EQ(load_mnist(variant, root.path()).test.size(), 2);
  EXPECT_EQ(load_mnist(Mnist::digits, root.path() / "MNIST").test.size(), 2);
}

TEST_F(MnistFiles, APlainFileIsTakenBeforeABrokenPackedOne) {
  folder.write("train-images-idx3-ubyte.gz", {0x1f, 0x8b, 8});
  EXPECT_EQ(load_mnist(Mnist::digits, folder.path()).train.size(), 3);
}

TEST_F(MnistFiles, WhatIsNoIdxFileIsDescribed) {
  std::filesystem::remove(path("train-images-idx3-ubyte"));
  const std::string page = "<!DOCTYPE html>\n<html><body>Not found</body></html>";
  folder.write("train-images-idx3-ubyte.gz", Bytes(page.begin(), page.end()));
  expect_error({path("train-images-idx3-ubyte.gz"), "it begins like a web page"});
  folder.write("train-images-idx3-ubyte.gz", {'P', 'K', 3, 4, 0, 0});
  expect_error({path("train-images-idx3-ubyte.gz"), "it begins like a zip file"});
}

TEST_F(MnistFiles, APipeIsRefusedAtOnce) {
  std::filesystem::remove(path("train-images-idx3-ubyte"));
  ASSERT_EQ(mkfifo(path("train-images-idx3-ubyte").c_str(), 0600), 0);
  expect_error({path("train-images-idx3-ubyte"), "not a regular file"});
}

}  // namespace
}  // namespace sluice::data

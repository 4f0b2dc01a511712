// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/mnist.h>

#include <zlib.h>

#include <sluice/data/files.h>
#include "tests/data/scratch_folder.h"

namespace sluice::data {
namespace {

using Bytes = std::vector<std::uint8_t>;

// An IDX file of bytes: magic number, extents as big-endian words, data.
Bytes idx(std::uint8_t rank, const std::vector<std::uint8_t>& extents, const Bytes& data) {
  Bytes bytes{0, 0, 8, rank};
  for (const std::uint8_t extent : extents) bytes.insert(bytes.end(), {0, 0, 0, extent});
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Bytes gzip(Bytes bytes) {
  Bytes packed(2 * bytes.size() + 100);
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw Error("deflateInit2");
  stream.next_in = bytes.data();
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw Error("deflate");
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
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

TEST(Gzip, BombsAreNotUnpacked) {
  const ScratchFolder folder;
  const auto path = folder.write("zeros.gz", gzip(Bytes(100000, 0)));
  EXPECT_EQ(read_gzip(path, {}, 100000).size(), 100000u);
  expect_io_error([&] { read_gzip(path, {}, 99999); }, {path.string(), "more than 99999"});
}

}  // namespace
}  // namespace sluice::data

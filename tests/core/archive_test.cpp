// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/archive.h>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>

#include <sluice/base/file.h>
#include "tests/data/scratch_folder.h"

namespace sluice {
namespace {

class ArchiveTest : public testing::Test {
 protected:
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }
  std::string content() const {
    std::stringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }
  std::ptrdiff_t files_in_folder() const {
    return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
  }

  // The message of the IoError that loading the file gives; it names the file.
  std::string error() const {
    try {
      load_safetensors(path_);
    } catch (const IoError& io) {
      EXPECT_NE(std::string(io.what()).find(path_.string()), std::string::npos) << io.what();
      return io.what();
    }
    return "loaded without an error";
  }

  const data::ScratchFolder scratch_;
  const std::filesystem::path folder_ = scratch_.path();
  const std::filesystem::path path_ = folder_ / "file.safetensors";
};

// A file of the given header and so many bytes of data.
std::string file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + header + std::string(data_bytes, 'x');
}

template <class T>
std::vector<T> bits_of(const Tensor& tensor) {
  std::vector<T> bits(tensor.bytes() / sizeof(T));
  if (!bits.empty()) std::memcpy(bits.data(), tensor.raw(), tensor.bytes());
  return bits;
}

template <class T>
Tensor of_bits(const std::vector<std::uint8_t>& bytes, const Shape& shape) {
  Tensor tensor = Tensor::empty(shape, dtype_of<T>);
  EXPECT_EQ(tensor.bytes(), bytes.size());
  std::memcpy(tensor.raw_to_write(), bytes.data(), bytes.size());
  return tensor;
}

TEST_F(ArchiveTest, EveryTypeComesBackBitForBit) {
  // Bytes that are NaNs with payloads, denormals and negative zeros in one type or another.
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 240; ++i) bytes.push_back(static_cast<std::uint8_t>(i * 167 + 255));
  const std::vector<NamedTensor> saved{{"u8", of_bits<std::uint8_t>(bytes, {240})},
                                       {"f32", of_bits<float>(bytes, {3, 1, 5, 4})},
                                       {"bf16", of_bits<BFloat16>(bytes, {2, 60})},
                                       {"f64", of_bits<double>(bytes, {30, 1})},
                                       {"i32", of_bits<std::int32_t>(bytes, {1, 1, 1, 1, 1, 60})},
                                       {"scalar", Tensor::full({}, 0.1, DType::f32)},
                                       {"nothing", Tensor::empty({4, 0}, DType::f32)}};
  const std::map<std::string, std::string> metadata{{"model", "resnet20"}, {"quoted \"é\"", "line\nbreak"}};
  save_safetensors(path_, saved, metadata);
  const Archive archive = load_safetensors(path_);
  EXPECT_EQ(archive.metadata, metadata);
  ASSERT_EQ(archive.tensors.size(), saved.size());
  for (const NamedTensor& expected : saved) {
    const auto found = std::ranges::find(archive.tensors, expected.name, &NamedTensor::name);
    ASSERT_NE(found, archive.tensors.end()) << expected.name;
    EXPECT_EQ(found->tensor.dtype(), expected.tensor.dtype()) << expected.name;
    EXPECT_EQ(found->tensor.shape(), expected.tensor.shape()) << expected.name;
    EXPECT_EQ(bits_of<std::uint8_t>(found->tensor), bits_of<std::uint8_t>(expected.tensor)) << expected.name;
  }
  EXPECT_EQ(files_in_folder(), 1) << "a temporary file was left behind";
}

TEST_F(ArchiveTest, AnEmptyOneComesBack) {
  save_safetensors(path_, {}, {});
  const Archive archive = load_safetensors(path_);
  EXPECT_TRUE(archive.tensors.empty());
  EXPECT_TRUE(archive.metadata.empty());
}

TEST_F(ArchiveTest, ElementsAreAligned) {
  save_safetensors(path_, {{"a", Tensor::zeros({3}, DType::u8)}, {"b", Tensor::full({1}, 2, DType::f64)}}, {});
  const std::string bytes = content();
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  EXPECT_EQ((8 + length) % 8, 0U);
  double first = 0;
  std::memcpy(&first, bytes.data() + 8 + length, sizeof first);
  EXPECT_EQ(first, 2);
}

// Written by tests/reference/make_archive.py.
TEST_F(ArchiveTest, ReadsWhatPythonWrote) {
  const Archive archive = load_safetensors(SLUICE_REFERENCE_FOLDER "/archive.safetensors");
  EXPECT_EQ(archive.metadata, (std::map<std::string, std::string>{{"format", "pt"}, {"note", "é"}}));
  std::map<std::string, Tensor> tensors;
  for (const NamedTensor& entry : archive.tensors) tensors[entry.name] = entry.tensor;
  EXPECT_EQ(tensors.size(), 6U) << "six entries, and one of I64 that is left out";
  EXPECT_FALSE(tensors.contains("bn.num_batches_tracked"));

  EXPECT_EQ(tensors["conv.weight"].shape(), (Shape{2, 3, 2, 2}));
  const std::vector<float> weight = tensors["conv.weight"].to_vector<float>();
  for (std::size_t i = 0; i < weight.size(); ++i) EXPECT_EQ(weight[i], static_cast<float>(i) / 4);
  const std::vector<BFloat16> scale = tensors["scale"].to_vector<BFloat16>();
  EXPECT_EQ(static_cast<float>(scale.at(0)), 1.5f);
  EXPECT_EQ(static_cast<float>(scale.at(1)), -0.0078125f);
  EXPECT_EQ(tensors["mean"].shape(), Shape{});
  EXPECT_EQ(tensors["mean"].item(), 0.1);
  EXPECT_EQ(tensors["labels"].to_vector<std::int32_t>(), (std::vector<std::int32_t>{-1, 2147483647}));
  EXPECT_EQ(tensors["image"].to_vector<std::uint8_t>(), (std::vector<std::uint8_t>{0, 7, 255}));
  EXPECT_EQ(tensors["empty"].shape(), (Shape{0, 3}));
}

// In a time that grows faster than n log n, this test would run for minutes.
TEST_F(ArchiveTest, ManyEntriesAreReadInReasonableTime) {
  std::string header = "{";
  for (int i = 0; i < 90'000; ++i)
    header += concat(i == 0 ? "\"" : ",\"", i, R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})");
  write(file_of(header + "}", 0));
  EXPECT_EQ(load_safetensors(path_).tensors.size(), 90'000U);
}

// Bits by IEEE 754: 1, -2, the largest (65504), the smallest (2^-24), the largest subnormal, -0, infinity, NaN.
TEST_F(ArchiveTest, HalvesBecomeFloatsOfTheSameValue) {
  const std::uint16_t halves[] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x8000, 0x7c00, 0x7e00};
  std::string bytes = file_of(R"({"w":{"dtype":"F16","shape":[8],"data_offsets":[0,16]}})", 0);
  bytes.append(reinterpret_cast<const char*>(halves), sizeof halves);
  write(bytes);
  const Archive archive = load_safetensors(path_);
  ASSERT_EQ(archive.tensors.size(), 1U);
  const std::vector<float> values = archive.tensors[0].tensor.to_vector<float>();
  const float expected[] = {1, -2, 65504, std::ldexp(1.0f, -24), std::ldexp(1023.0f, -24), 0, HUGE_VALF};
  for (std::size_t i = 0; i < std::size(expected); ++i) EXPECT_EQ(values[i], expected[i]) << i;
  EXPECT_TRUE(std::signbit(values[5]));
  EXPECT_TRUE(std::isnan(values[7]));
}

TEST_F(ArchiveTest, TypesThatAreNotReadAreLeftOutByName) {
  write(file_of(R"({"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},)"
                R"("new":{"dtype":"F2","shape":[100],"data_offsets":[3,4]},)"
                R"("w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                8));
  const Archive archive = load_safetensors(path_);
  ASSERT_EQ(archive.tensors.size(), 1U);
  EXPECT_EQ(archive.tensors[0].name, "w");
  EXPECT_EQ(archive.left_out, (std::map<std::string, std::string>{{"mask", "BOOL"}, {"new", "F2"}}));
}

TEST_F(ArchiveTest, EveryFlippedBitOfTheElementsAndTheMetadataIsNoticed) {
  save_safetensors(path_, {{"w", Tensor::full({3}, 1, DType::f32)}, {"none", Tensor::empty({0}, DType::f32)}},
                   {{"step", "12"}});
  const std::string good = content();
  const std::size_t step = good.find("\"12\"");
  ASSERT_NE(step, std::string::npos);
  for (std::size_t at : {step + 1, step + 2, good.size() - 12, good.size() - 7, good.size() - 1})
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = good;
      bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
      write(bytes);
      EXPECT_THROW(load_safetensors(path_), IoError) << "byte " << at << ", bit " << bit;
    }
  std::string bytes = good;
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write(bytes);
  EXPECT_NE(error().find("checksum"), std::string::npos) << error();
}

struct Broken {
  const char* name;
  std::string bytes;
  const char* expected;  // part of the message
};

class BrokenArchive : public ArchiveTest, public testing::WithParamInterface<Broken> {};

TEST_P(BrokenArchive, IsAnErrorThatSaysWhat) {
  write(GetParam().bytes);
  EXPECT_PRED2([](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; },
               error(), GetParam().expected);
}

std::string entry(const std::string& fields, std::size_t data_bytes = 8) {
  return file_of("{\"w\":{" + fields + "}}", data_bytes);
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string entries_of_nothing(int count) {
  std::string header = "{";
  for (int i = 0; i < count; ++i)
    header += concat(i == 0 ? "\"" : ",\"", i, R"(":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})");
  return file_of(header + "}", 0);
}

std::vector<Broken> broken_files() {
  const std::string two = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
  std::string huge_header = file_of("{}", 0);
  huge_header[4] = 1;  // 2^32 more
  std::string cut = entry(two);
  cut.resize(cut.size() - 3);
  return {
      {"Empty", "", "got 0 bytes"},
      {"SevenBytes", "1234567", "got 7 bytes"},
      {"HeaderBeyondTheFile", file_of("{}", 0).substr(0, 9), "claims 2 bytes, but only 1 follow"},
      {"HeaderOverTheLimit", huge_header, "claims 4294967298 bytes, more than the limit"},
      {"NotJson", file_of("{\"w\":", 0), "not valid JSON"},
      {"NotUtf8", file_of("{\"\xff\":1}", 0), "not valid JSON"},
      {"NotAnObject", file_of("[1]", 0), "not a JSON object"},
      {"NestedDeeply", file_of("{\"w\":" + std::string(100000, '[') + std::string(100000, ']') + "}", 0),
       "nested too deeply"},
      {"ManyValues", entry("\"shape\":[1" + repeated(",1", 100) + "]"), "'w' has more values than the limit of 64"},
      {"EntryIsANumber", file_of(R"({"w":3})", 0), "'w' expects an object, got 3"},
      {"NoName", file_of(R"({"":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}})", 0), "no name"},
      {"DoubledName", file_of("{\"w\":{" + two + "},\"w\":{" + two + "}}", 8), "two entries 'w'"},
      {"DoubledField", entry(R"("dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8])"), "two entries 'dtype'"},
      {"MetadataIsAList", file_of(R"({"__metadata__":[]})", 0), "__metadata__ expects an object"},
      {"MetadataHoldsANumber", file_of(R"({"__metadata__":{"epoch":3}})", 0), "'epoch' expects a string, got 3"},
      {"NoDtype", entry(R"("shape":[2],"data_offsets":[0,8])"), "'w' has no dtype"},
      {"NoShape", entry(R"("dtype":"F32","data_offsets":[0,8])"), "'w' has no shape"},
      {"NoOffsets", entry(R"("dtype":"F32","shape":[2])"), "'w' has no data_offsets"},
      {"DtypeIsANumber", entry(R"("dtype":32,"shape":[2],"data_offsets":[0,8])"), "dtype expects a string, got 32"},
      {"ShapeIsText", entry(R"("dtype":"F32","shape":"2","data_offsets":[0,8])"), "shape expects an array"},
      {"ShapeNegative", entry(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), "whole numbers from 0, got [-2]"},
      {"ShapeFraction", entry(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"),
       "whole numbers from 0, got [2.0]"},
      {"ShapeOfRankSeven", entry(R"("dtype":"F32","shape":[2,1,1,1,1,1,1],"data_offsets":[0,8])"), "6 numbers at most"},
      {"ShapeOverflows", entry(R"("dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16])", 16),
       "too large"},
      {"ShapeOfNothingOverflows", entry(R"("dtype":"F32","shape":[0,4611686018427387904,4,4],"data_offsets":[0,0])", 0),
       "too large"},
      {"HalfOfOtherSize", entry(R"("dtype":"F16","shape":[3],"data_offsets":[0,8])"), "expects 6 bytes"},
      {"TooManyEntries", entries_of_nothing(100'001), "more than the limit of 100000 entries"},
      {"ShapeOfOtherSize", entry(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"),
       "expects 12 bytes, data_offsets [0,8] hold 8"},
      {"OneOffset", entry(R"("dtype":"F32","shape":[2],"data_offsets":[8])"), "data_offsets expects two"},
      {"OffsetsNegative", entry(R"("dtype":"F32","shape":[2],"data_offsets":[-8,0])"), "data_offsets expects two"},
      {"OffsetsBackwards", entry(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"),
       "within 8 bytes of data, got [8,0]"},
      {"OffsetsOutside", entry(R"("dtype":"F32","shape":[2],"data_offsets":[8,16])"),
       "within 8 bytes of data, got [8,16]"},
      {"OffsetsOverlap",
       file_of(
           R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
           8),
       "'b' expects to begin at byte 6 of the data, where the one before it ends, got 4 (they overlap)"},
      {"OffsetsLeaveAGap",
       file_of(
           R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
           8),
       "'b' expects to begin at byte 4 of the data, where the one before it ends, got 5 (a gap)"},
      {"DataBehind", entry(two, 9), "expects 8 bytes of data by its header, got 9"},
      {"CutShort", cut, "within 5 bytes of data"},
  };
}

INSTANTIATE_TEST_SUITE_P(Files, BrokenArchive, testing::ValuesIn(broken_files()),
                         [](const testing::TestParamInfo<Broken>& broken) { return broken.param.name; });

TEST_F(ArchiveTest, AnyByteOfTheHeaderFlippedIsAnErrorOrAnotherHeader) {
  save_safetensors(path_, {{"w", Tensor::full({2, 2}, 1, DType::f32)}}, {{"k", "v"}});
  const std::string good = content();
  for (std::size_t at = 0; at < good.size() - 16; ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x80);
    write(bytes);
    EXPECT_THROW(load_safetensors(path_), IoError) << "byte " << at;
  }
}

TEST_F(ArchiveTest, AMissingFileAndAFolderAreErrors) {
  EXPECT_NE(error().find("No such file"), std::string::npos);
  std::filesystem::create_directory(path_);
  EXPECT_NE(error().find("not a regular file"), std::string::npos);
  EXPECT_THROW(save_safetensors(path_, {}, {}), WriteError);
  EXPECT_THROW(save_safetensors(folder_ / "absent" / "file", {}, {}), WriteError);
}

TEST_F(ArchiveTest, NamesThatCanNotBeSavedAreMisuse) {
  const Tensor one = Tensor::zeros({1}, DType::f32);
  EXPECT_THROW(save_safetensors(path_, {{"", one}}, {}), std::invalid_argument);
  EXPECT_THROW(save_safetensors(path_, {{"__metadata__", one}}, {}), std::invalid_argument);
  EXPECT_THROW(save_safetensors(path_, {{"a", one}, {"a", one}}, {}), std::invalid_argument);
  EXPECT_THROW(save_safetensors(path_, {{"a", Tensor()}}, {}), std::invalid_argument);
  EXPECT_THROW(save_safetensors(path_, {{"\xff", one}}, {}), std::invalid_argument);
  EXPECT_EQ(files_in_folder(), 0);
}

// A limit on the size of a file stands in for a full disk: write() fails in the same place, with EFBIG for ENOSPC.
class DiskLimit {
 public:
  explicit DiskLimit(rlim_t bytes) {
    signal_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~DiskLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  rlimit before_{};
  void (*signal_)(int) = SIG_DFL;
};

TEST_F(ArchiveTest, AFullDiskLeavesTheOldFileAlone) {
  save_safetensors(path_, {{"w", Tensor::full({4}, 1, DType::f32)}}, {});
  const std::string before = content();
  std::string message;
  {
    const DiskLimit limit(4096);
    try {
      save_safetensors(path_, {{"w", Tensor::full({100000}, 2, DType::f32)}}, {});
    } catch (const WriteError& error) {
      message = error.what();
    }
  }
  EXPECT_NE(message.find(path_.string()), std::string::npos) << message;
  EXPECT_NE(message.find("write: File too large"), std::string::npos) << message;
  EXPECT_EQ(content(), before);
  EXPECT_EQ(files_in_folder(), 1) << "the temporary file was left behind";
}

TEST(Layout, ConvolutionWeightsBecomePytorchsAndComeBack) {
  // w[k][r][s][c] = 1000 k + 100 r + 10 s + c
  const Shape krsc{2, 3, 2, 4};
  std::vector<float> values;
  for (int k = 0; k < 2; ++k)
    for (int r = 0; r < 3; ++r)
      for (int s = 0; s < 2; ++s)
        for (int c = 0; c < 4; ++c) values.push_back(static_cast<float>(1000 * k + 100 * r + 10 * s + c));
  const Tensor weight = Tensor::from<float>(values, krsc);
  const Tensor pytorch = to_pytorch_layout(weight);
  ASSERT_EQ(pytorch.shape(), (Shape{2, 4, 3, 2}));
  const std::vector<float> kcrs = pytorch.to_vector<float>();
  std::size_t at = 0;
  for (int k = 0; k < 2; ++k)
    for (int c = 0; c < 4; ++c)
      for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 2; ++s) EXPECT_EQ(kcrs[at++], static_cast<float>(1000 * k + 100 * r + 10 * s + c));
  const Tensor back = from_pytorch_layout(pytorch);
  EXPECT_EQ(back.shape(), krsc);
  EXPECT_EQ(back.to_vector<float>(), values);
}

TEST(Layout, WorksForEveryWidthOfElement) {
  const std::vector<std::int32_t> i32{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(to_pytorch_layout(Tensor::from<std::int32_t>(i32, {1, 1, 3, 2})).to_vector<std::int32_t>(),
            (std::vector<std::int32_t>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(to_pytorch_layout(Tensor::from<std::uint8_t>({1, 2, 3, 4, 5, 6}, {1, 1, 3, 2})).to_vector<std::uint8_t>(),
            (std::vector<std::uint8_t>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(to_pytorch_layout(Tensor::from<double>({1, 2, 3, 4, 5, 6}, {1, 1, 3, 2})).to_vector<double>(),
            (std::vector<double>{1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(bits_of<std::uint16_t>(
                to_pytorch_layout(Tensor::from<double>({1, 2, 3, 4, 5, 6}, {1, 1, 3, 2}).cast(DType::bf16))),
            (std::vector<std::uint16_t>{0x3f80, 0x4040, 0x40a0, 0x4000, 0x4080, 0x40c0}));
}

TEST(Layout, OtherRanksStayAsTheyAre) {
  const Tensor linear = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(to_pytorch_layout(linear).raw(), linear.raw());
  EXPECT_EQ(from_pytorch_layout(linear).raw(), linear.raw());
}

}  // namespace
}  // namespace sluice

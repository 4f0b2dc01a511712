// SPDX-License-Identifier: Apache-2.0
#include "apps/common/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include <sluice/base/checksum.h>
#include "tests/data/scratch_folder.h"

namespace sluice::apps {
namespace {

template <class T>
T take(std::string& from) {
  T value;
  std::memcpy(&value, from.data(), sizeof value);
  from.erase(0, sizeof value);
  return value;
}

std::uint32_t masked_crc(const std::string& text) {
  const std::uint32_t crc = crc32c(std::as_bytes(std::span(text)));
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

// The messages of an event file, with their checksums verified.
std::vector<std::string> records_of(const std::filesystem::path& file) {
  std::stringstream stream;
  stream << std::ifstream(file, std::ios::binary).rdbuf();
  std::string rest = stream.str();
  std::vector<std::string> records;
  while (!rest.empty()) {
    const std::string length_bytes = rest.substr(0, 8);
    const auto length = take<std::uint64_t>(rest);
    EXPECT_EQ(take<std::uint32_t>(rest), masked_crc(length_bytes));
    records.push_back(rest.substr(0, length));
    rest.erase(0, length);
    EXPECT_EQ(take<std::uint32_t>(rest), masked_crc(records.back()));
  }
  return records;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator begin(folder), end;
  std::set<std::filesystem::path> files;
  std::for_each(begin, end, [&](const auto& entry) { files.insert(entry.path()); });
  return {files.begin(), files.end()};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Protocol buffers: field << 3 | kind, then the value. Kind 0 is a varint, 1 eight bytes, 2 a length and bytes, 5 four.
TEST(EventWriter, WritesScalarsUnderTheirTags) {
  const data::ScratchFolder scratch;
  EventWriter writer(scratch.path(), 0);
  writer.append({.epoch = 1, .step = 300, .train_loss = 1.5, .test_accuracy = 0.25});
  const std::vector<std::filesystem::path> files = files_in(scratch.path());
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(files[0].filename().string().starts_with("events.out.tfevents."));
  const std::vector<std::string> records = records_of(files[0]);
  ASSERT_EQ(records.size(), 2U);

  // wall_time (1, double), then file_version (3, string).
  EXPECT_EQ(records[0][0], '\x09');
  EXPECT_EQ(records[0].substr(9),
            "\x1a\x0d"
            "brain.Event:2");
  // wall_time, step (2, varint 300), summary (5).
  EXPECT_EQ(records[1].substr(9, 4), "\x10\xac\x02\x2a");
  // In the summary a value (1) of tag (1, string) and simple_value (2, float 1.5 = 0x3fc00000, 0.25 = 0x3e800000).
  EXPECT_TRUE(contains(records[1], std::string("\x0a\x0aloss/train\x15\x00\x00\xc0\x3f", 17)));
  EXPECT_TRUE(contains(records[1], std::string("\x0a\x0d"
                                               "accuracy/test\x15\x00\x00\x80\x3e",
                                               20)));
  for (const char* tag : {"loss/test", "accuracy/train", "flooded_fraction", "learning_rate", "images_per_second"})
    EXPECT_TRUE(contains(records[1], tag)) << tag;
}

TEST(EventWriter, AResumedRunWritesANewFileThatPurgesLaterSteps) {
  const data::ScratchFolder scratch;
  EventWriter(scratch.path(), 0).append({.epoch = 1, .step = 10});
  EventWriter(scratch.path(), 299).append({.epoch = 2, .step = 600});
  const std::vector<std::filesystem::path> files = files_in(scratch.path());
  ASSERT_EQ(files.size(), 2U);
  const std::vector<std::string> records = records_of(files[1]);
  ASSERT_EQ(records.size(), 3U);
  // step 300, session_log (7) with status (1) = START (1).
  EXPECT_EQ(records[1].substr(9), "\x10\xac\x02\x3a\x02\x08\x01");
}

TEST(EventWriter, WritesHyperparametersAsTheirPluginReadsThem) {
  const data::ScratchFolder scratch;
  EventWriter(scratch.path(), 0, {{"lr", "0.1"}});
  const std::vector<std::string> records = records_of(files_in(scratch.path())[0]);
  ASSERT_EQ(records.size(), 2U);
  // Value.tag, Value.tensor { dtype 1 (float), tensor_shape {} }, then metadata (9) { plugin_data (1) { "hparams", ...
  EXPECT_TRUE(
      contains(records[1], std::string("\x0a\x1c_hparams_/session_start_info\x42\x04\x08\x01\x12\x00\x4a", 37)));
  EXPECT_TRUE(contains(records[1], "\x0a\x07hparams\x12"));
  // ... a pair (1) of key (1) and value (2) { string_value (3) }.
  EXPECT_TRUE(contains(records[1],
                       "\x0a\x0b\x0a\x02lr\x12\x05\x1a\x03"
                       "0.1"));
}

TEST(EventWriter, WritesLargeStepsAndAnyTag) {
  const data::ScratchFolder scratch;
  EventWriter writer(scratch.path(), 0);
  writer.append(std::int64_t{1} << 35, {{"loss/step", -2.0}});
  const std::vector<std::string> records = records_of(files_in(scratch.path())[0]);
  EXPECT_TRUE(contains(records[1], std::string("\x10\x80\x80\x80\x80\x80\x01\x2a", 8)));
  EXPECT_TRUE(contains(records[1], std::string("\x0a\x09loss/step\x15\x00\x00\x00\xc0", 16)));
}

TEST(EventWriter, AFolderThatIsNotThereIsAnError) { EXPECT_THROW(EventWriter("/absent/folder", 0), WriteError); }

}  // namespace
}  // namespace sluice::apps

// SPDX-License-Identifier: Apache-2.0
#include "apps/common/tensorboard.h"

#include <event.pb.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>

namespace sluice::apps {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little-endian");

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) ? 0x82f63b78u : 0u);
    table[byte] = remainder;
  }
  return table;
}();

// The checksum of a record is rotated and shifted, as data that holds checksums is hard on a plain CRC.
std::uint32_t masked(std::uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8u; }

template <class Value>
void append_bytes(std::string& to, Value value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint32_t checksum(std::string_view text) { return masked(crc32c(std::as_bytes(std::span(text)))); }

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads the files of a folder in the order of their names, so the time comes first, in a fixed width.
std::filesystem::path new_name() { return fmt::format("events.out.tfevents.{:017.6f}.{}", seconds_now(), ::getpid()); }

events::Event event_at(std::int64_t step) {
  events::Event event;
  event.set_wall_time(seconds_now());
  event.set_step(step);
  return event;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) {
  std::uint32_t crc = ~0u;
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<std::uint32_t>(byte)) & 0xff];
  return ~crc;
}

EventWriter::EventWriter(const std::filesystem::path& folder, std::int64_t last_step)
    : file_(folder / new_name(), File::Access::create) {
  events::Event version = event_at(0);
  version.set_file_version("brain.Event:2");
  write_record(version.SerializeAsString());
  if (last_step > 0) {
    events::Event start = event_at(last_step + 1);
    start.mutable_session_log()->set_status(events::SessionLog::START);
    write_record(start.SerializeAsString());
  }
  file_.sync();
  sync_folder(folder);
}

void EventWriter::append(const MetricsRow& row) {
  events::Event event = event_at(row.step);
  const auto add = [&](const char* tag, double value) {
    events::Summary::Value* scalar = event.mutable_summary()->add_value();
    scalar->set_tag(tag);
    scalar->set_simple_value(static_cast<float>(value));
  };
  add("loss/train", row.train_loss);
  add("loss/test", row.test_loss);
  add("accuracy/train", row.train_accuracy);
  add("accuracy/test", row.test_accuracy);
  add("flooded_fraction", row.flooded_fraction);
  add("learning_rate", row.learning_rate);
  add("images_per_second", row.images_per_second);
  write_record(event.SerializeAsString());
  file_.sync();
}

void EventWriter::write_record(const std::string& message) {
  std::string length;
  append_bytes(length, static_cast<std::uint64_t>(message.size()));
  std::string record = length;
  append_bytes(record, checksum(length));
  record += message;
  append_bytes(record, checksum(message));
  file_.write(std::as_bytes(std::span(record)));
}

}  // namespace sluice::apps

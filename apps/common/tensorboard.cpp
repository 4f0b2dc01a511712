// SPDX-License-Identifier: Apache-2.0
#include "apps/common/tensorboard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <chrono>

#include <sluice/base/checksum.h>
#include "apps/common/protobuf.h"

namespace sluice::apps {
namespace {

// Numbers of fields.
constexpr unsigned kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;  // of Event
constexpr unsigned kTag = 1, kSimpleValue = 2, kTensor = 8, kMetadata = 9;                     // of Summary.Value

// The checksum of a record is rotated and shifted, as data that holds checksums is hard on a plain CRC.
std::uint32_t checksum(std::string_view text) {
  return std::rotr(crc32c(std::as_bytes(std::span(text))), 15) + 0xa282ead8u;
}

template <class Value>
void append_bytes(std::string& to, Value value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// TensorBoard reads the files of a folder in the order of their names, so the time comes first, in a fixed width.
std::filesystem::path new_name() { return fmt::format("events.out.tfevents.{:017.6f}.{}", seconds_now(), ::getpid()); }

Message event_at(std::int64_t step) {
  Message event;
  event.number(kWallTime, seconds_now());
  if (step != 0) event.integer(kStep, static_cast<std::uint64_t>(step));
  return event;
}

// Summary { value { tag, tensor: of no elements, metadata { plugin_data { plugin_name, content } } } }, whose content
// is HParamsPluginData { session_start_info { hparams: text by name } }.
Message session_start(const std::map<std::string, std::string>& hyperparameters) {
  Message start;
  for (const auto& [name, value] : hyperparameters)
    start.message(1, Message().text(1, name).message(2, Message().text(3, value)));
  start.number(5, seconds_now());
  const Message plugin = Message().text(1, "hparams").message(2, Message().message(3, start));
  const Message no_elements = Message().integer(1, 1).message(2, Message());
  return Message().message(1, Message()
                                  .text(kTag, "_hparams_/session_start_info")
                                  .message(kTensor, no_elements)
                                  .message(kMetadata, Message().message(1, plugin)));
}

}  // namespace

EventWriter::EventWriter(const std::filesystem::path& folder, std::int64_t last_step,
                         const std::map<std::string, std::string>& hyperparameters)
    : file_(folder / new_name(), File::Access::create) {
  write_record(event_at(0).text(kFileVersion, "brain.Event:2").bytes());
  if (last_step > 0) write_record(event_at(last_step + 1).message(kSessionLog, Message().integer(1, 1)).bytes());
  if (!hyperparameters.empty()) write_record(event_at(0).message(kSummary, session_start(hyperparameters)).bytes());
  file_.sync();
  sync_folder(folder);
}

void EventWriter::append(const MetricsRow& row) {
  append(row.step, {{"loss/train", row.train_loss},
                    {"loss/test", row.test_loss},
                    {"accuracy/train", row.train_accuracy},
                    {"accuracy/test", row.test_accuracy},
                    {"flooded_fraction", row.flooded_fraction},
                    {"learning_rate", row.learning_rate},
                    {"images_per_second", row.images_per_second}});
}

void EventWriter::append(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars) {
  Message summary;
  for (const auto& [tag, value] : scalars)
    summary.message(1, Message().text(kTag, tag).number(kSimpleValue, static_cast<float>(value)));
  write_record(event_at(step).message(kSummary, summary).bytes());
  file_.sync();
}

void EventWriter::write_record(const std::string& message) {
  std::string record;
  append_bytes(record, static_cast<std::uint64_t>(message.size()));
  append_bytes(record, checksum(record));
  record += message;
  append_bytes(record, checksum(message));
  file_.write(std::as_bytes(std::span(record)));
}

}  // namespace sluice::apps

// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/run_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <span>

#include <sluice/base/checksum.h>
#include <sluice/base/file.h>

namespace sluice::study {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Score& score) { return {{"loss", score.loss}, {"accuracy", score.accuracy}}; }

Json to_json(const EpochRecord& record) {
  Json json{{"epoch", record.epoch},
            {"train", to_json(record.train)},
            {"flooded", record.flooded},
            {"validation", to_json(record.validation)}};
  if (record.test) {
    json["test"] = to_json(record.test->given);
    json["test"]["clean_accuracy"] = record.test->clean_accuracy;
  }
  return json;
}

Json to_json(const RunResult& result) {
  Json json{{"dataset", result.key.cell.dataset},
            {"noise", result.key.cell.noise},
            {"level", result.key.level},
            {"seed", result.key.seed},
            {"last", to_json(result.last)},
            {"best", to_json(result.best)},
            {"settled_train_loss", result.settled_train_loss},
            {"settled_flooded", result.settled_flooded},
            {"seconds", result.seconds},
            {"curve", Json::array()}};
  for (const EpochRecord& record : result.curve) json["curve"].push_back(to_json(record));
  return json;
}

// A loss that is infinite is written as null, since JSON knows no infinity.
double number(const Json& json, const char* name) {
  const Json& value = json.at(name);
  return value.is_null() ? HUGE_VAL : value.get<double>();
}

Score score_of(const Json& json) { return {number(json, "loss"), number(json, "accuracy")}; }

EpochRecord record_of(const Json& json) {
  EpochRecord record{.epoch = json.at("epoch").get<std::int64_t>(),
                     .train = score_of(json.at("train")),
                     .flooded = number(json, "flooded"),
                     .validation = score_of(json.at("validation"))};
  if (json.contains("test"))
    record.test = TestScore{score_of(json.at("test")), number(json.at("test"), "clean_accuracy")};
  return record;
}

RunResult result_of(const Json& json) {
  RunResult result{
      .key = {{json.at("dataset").get<std::string>(), number(json, "noise")},
              number(json, "level"),
              json.at("seed").get<std::int64_t>()},
      .last = record_of(json.at("last")),
      .best = record_of(json.at("best")),
      .settled_train_loss = number(json, "settled_train_loss"),
      .settled_flooded = number(json, "settled_flooded"),
      .seconds = number(json, "seconds"),
  };
  for (const Json& record : json.at("curve")) result.curve.push_back(record_of(record));
  return result;
}

std::string checksum_of(const Json& run) {
  const std::string text = run.dump();
  return fmt::format("{:08x}", crc32c(std::as_bytes(std::span(text))));
}

}  // namespace

void write_run(const std::filesystem::path& file, const RunResult& result) {
  const Json run = to_json(result);
  replace_file(file, Json{{"crc32c", checksum_of(run)}, {"run", run}}.dump() + "\n");
}

RunResult read_run(const std::filesystem::path& file, const RunKey& key) {
  const std::string text = read_text(file);
  RunResult result;
  try {
    const Json json = Json::parse(text);
    if (json.at("crc32c").get<std::string>() != checksum_of(json.at("run")))
      throw IoError(fmt::format("{} is damaged: its checksum disagrees", file.string()));
    result = result_of(json.at("run"));
  } catch (const Json::exception& error) {
    throw IoError(fmt::format("{} is damaged: {}", file.string(), error.what()));
  }
  if (result.key != key)
    throw IoError(fmt::format("{} holds the run {}, not {}", file.string(), result.key.name(), key.name()));
  return result;
}

}  // namespace sluice::study

// SPDX-License-Identifier: Apache-2.0
// Texts of command lines and configuration files, and the text files that runs and studies keep.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include <sluice/base/checksum.h>
#include <sluice/base/number.h>
#include <sluice/data/augment.h>
#include <sluice/data/transform.h>
#include <sluice/flooding/flood_schedule.h>
#include <sluice/kernels/runtime/tuning.h>
#include <sluice/optim/schedule.h>
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"
#include "apps/common/metrics.h"
#include "apps/common/toml.h"
#include "apps/common/tuning_file.h"
#include "apps/flood_study/options.h"
#include "apps/flood_study/run_file.h"
#include "apps/flood_study/study_folder.h"
#include "apps/train/options.h"
#include "tests/data/scratch_folder.h"
#include "tests/fuzz/doors.h"

namespace sluice::fuzz {
namespace {

using Path = std::filesystem::path;

void check_flood_schedule(const std::string& text) {
  const FloodSchedule schedule = FloodSchedule::parse(text);
  for (const std::int64_t epoch : {std::int64_t{0}, std::int64_t{7}, std::int64_t{1} << 62}) {
    const double level = schedule.level_at(epoch);
    if (!std::isfinite(level) || level < 0) fail(fmt::format("level {} in epoch {}", level, epoch));
  }
}

void check_milestones(const std::string& text) {
  apps::TrainOptions options;
  options.milestones = text;
  std::int64_t before = -1;
  for (const std::int64_t epoch : options.milestone_epochs())
    if (epoch <= std::exchange(before, epoch)) fail("milestones that do not ascend");
}

void check_levels(const std::string& text) {
  double before = -1;
  for (const double level : study::parse_levels(text))
    if (!(level > std::exchange(before, level))) fail("levels that do not ascend");
}

void check_count(const std::string& text) {
  std::string given = text;
  if (!apps::count_from(1)(given).empty()) return;
  const std::optional<std::int64_t> count = parse_number<std::int64_t>(text);
  if (!count || *count < 1) fail("a count that is none");
}

constexpr std::array kTexts{+[](const std::string& text) { check_flood_schedule(text); },
                            +[](const std::string& text) { data::parse_augment(text); },
                            +[](const std::string& text) { data::parse_fold(text); },
                            +[](const std::string& text) { apps::parse_floats(text); },
                            +[](const std::string& text) { check_milestones(text); },
                            +[](const std::string& text) { check_levels(text); },
                            +[](const std::string& text) { check_count(text); },
                            +[](const std::string& text) { optim::make_schedule({.name = text}); }};

const study::RunKey kRun{{"gaussian", 0.1}, 0.05, 3};

Bytes run_text() {
  study::RunResult result;
  result.key = kRun;
  result.curve.resize(2);
  result.curve[1].test = study::TestScore{};
  return written_by([&](const Path& path) { study::write_run(path, result); });
}

}  // namespace

// The first byte chooses the parser.
void open_texts(Input input) {
  if (input.empty()) return;
  try {
    kTexts[input[0] % kTexts.size()](text_of(input.subspan(1)));
  } catch (const std::invalid_argument&) {
  } catch (const apps::UsageError&) {
  }
}

std::vector<Bytes> texts_seeds() {
  std::vector<Bytes> seeds;
  for (const char* text : {"0.05", "0:0.1,20:0.05", "5:0.1,20:0.1..30:0,80:1"})
    seeds.push_back(joined(0, bytes_of(text)));
  for (const char* text : {"none", "crop:4,flip,cutout:16"}) seeds.push_back(joined(1, bytes_of(text)));
  const std::pair<std::uint8_t, const char*> others[] = {
      {2, "2/5"}, {3, "0.5,1e-3,nan"}, {4, "250,400"}, {5, "0:0.5:0.1"}, {5, "0,0.05,0.2"}, {6, "128"}, {7, "cosine"}};
  for (const auto& [form, text] : others) seeds.push_back(joined(form, bytes_of(text)));
  return seeds;
}

// What is read, written and read again is the same.
void open_toml(Input input) {
  try {
    for (const apps::TomlEntry& entry : apps::parse_toml(text_of(input)))
      for (const std::string& value : entry.values) {
        const std::vector<apps::TomlEntry> again = apps::parse_toml("key = " + apps::toml_value(value));
        if (again.size() != 1 || again[0].values != std::vector{value}) fail("a value comes back as another");
      }
  } catch (const IoError&) {
  }
}

std::vector<Bytes> toml_seeds() {
  return {bytes_of("# c\nmodel = \"resnet20\"\nepochs=3\nlevels = [ 0.1, 'a b', \"x\\u00e9\" ] # end\n"),
          bytes_of("\xef\xbb\xbf\"key\" = true\r\nx.y-z = -1.5e-3\n"), bytes_of("a = \"\\U0001f600\\t\\\\\"")};
}

// A configuration as sluice-train takes it.
void open_config(Input input) {
  static const MemoryFile file;
  file.write(input);
  std::string program = "sluice-train", option = "--config", path = file.path().string();
  char* arguments[] = {program.data(), option.data(), path.data(), nullptr};
  try {
    apps::parse_train_options(3, arguments);
  } catch (const std::invalid_argument&) {
  } catch (const apps::UsageError&) {
  }
}

std::vector<Bytes> config_seeds() {
  std::string program = "sluice-train";
  char* arguments[] = {program.data(), nullptr};
  return {bytes_of("epochs = 3\nmodel = \"mlp\"\nnesterov = true\n"),
          bytes_of(apps::parse_train_options(1, arguments).configuration)};
}

void open_metrics(Input input) {
  read_file_of(input, [](const Path& path) {
    for (const apps::MetricsRow& row : apps::read_metrics(path))
      if (row.epoch < 1 || row.step < 0) fail("a row of no epoch");
  });
}

std::vector<Bytes> metrics_seeds() {
  return {written_by([](const Path& path) {
    apps::MetricsWriter writer(path, 0);
    writer.append({.epoch = 1, .step = 10, .train_loss = 0.5});
    writer.append({.epoch = 2, .step = 20, .train_loss = HUGE_VAL, .test_loss = NAN});
  })};
}

void open_tuning(Input input) {
  read_file_of(input, apps::load_tuning);
  kernels::clear_tuning();
}

std::vector<Bytes> tuning_seeds() {
  return {bytes_of("{\n \"conv2d forward f32 x[1,8,8,3] threads=2\": \"winograd\",\n \"b\": \"plain\"\n}\n"),
          bytes_of("{}")};
}

// The file of a run as it is, and one whose checksum is right; the settings of a study.
void open_study(Input input) {
  if (input.empty()) return;
  const Input rest = input.subspan(1);
  if (input[0] % 3 == 2) {
    static const data::ScratchFolder folder;
    study::StudyOptions options;
    options.out = folder.path();
    options.study = "synthetic";
    std::ofstream(folder.path() / "study.json", std::ios::binary) << text_of(rest);
    try {
      const study::StudyFolder opened(options);
    } catch (const IoError&) {
    } catch (const apps::CheckpointError&) {
    }
    return;
  }
  Bytes file(rest.begin(), rest.end());
  if (input[0] % 3 == 1) {
    using Json = nlohmann::ordered_json;
    const Json run = Json::parse(text_of(rest), nullptr, false);
    if (run.is_discarded()) return;
    const std::string text = run.dump(-1, ' ', false, Json::error_handler_t::replace);
    const std::string crc = fmt::format("{:08x}", crc32c(std::as_bytes(std::span(text))));
    file = bytes_of(fmt::format(R"({{"crc32c":"{}","run":{}}})", crc, text));
  }
  read_file_of(file, [](const Path& path) { study::read_run(path, kRun); });
}

std::vector<Bytes> study_seeds() {
  const Bytes whole = run_text();
  const std::string run = nlohmann::ordered_json::parse(text_of(whole)).at("run").dump();
  study::StudyOptions options;
  options.study = "synthetic";
  return {joined(0, whole), joined(1, bytes_of(run)), joined(2, bytes_of(nlohmann::json(options.identity()).dump()))};
}

}  // namespace sluice::fuzz

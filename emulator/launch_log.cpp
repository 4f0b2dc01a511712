// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/launch_log.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include <sluice/emulator/settings.h>

namespace sluice::emulator {
namespace {

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string words{std::istreambuf_iterator<char>(file), {}};
  if (!words.empty()) words.pop_back();
  for (char& c : words)
    if (c == '\0') c = ' ';
  return words;
}

}  // namespace

LaunchLog& launch_log() {
  static auto& log = *new LaunchLog;
  return log;
}

LaunchLog::LaunchLog() : on_(!settings().launches.empty()) {
  if (on_) std::atexit([] { launch_log().write(); });
}

void LaunchLog::add(const Launch& launch) {
  if (on_) ++counts_[{launch.function, launch.kernel}];
}

void LaunchLog::write() const {
  std::ostringstream lines;
  const std::string command = command_line();
  for (const auto& [key, count] : counts_)
    lines << key.function << '\t' << key.name << '\t' << count << '\t' << command << '\n';
  // In one piece: other processes add theirs.
  const std::string text = lines.str();
  std::ofstream file(settings().launches, std::ios::app | std::ios::binary);
  if (!(file << text).flush())
    std::fprintf(stderr, "emulator: SLUICE_EMULATOR_LAUNCHES='%s' can't be written\n", settings().launches.c_str());
}

}  // namespace sluice::emulator

// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include <sluice/base/threads.h>
#include <sluice/version.h>

namespace sluice::bench {
namespace {

// The value after "key<blanks>:" in a file of such lines; empty where it has none.
std::string field_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return {};
}

std::size_t status_bytes(const char* key) {
  std::size_t kibibytes = 0;
  std::istringstream(field_of("/proc/self/status", key)) >> kibibytes;
  return kibibytes * 1024;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

rusage usage() {
  rusage result{};
  getrusage(RUSAGE_SELF, &result);
  return result;
}

double own_seconds() {
  const rusage now = usage();
  return seconds_of(now.ru_utime) + seconds_of(now.ru_stime);
}

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds that all processors together were busy since the machine started, time stolen by its host included.
double machine_seconds() {
  std::ifstream in("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, steal = 0;
  if (!(in >> cpu >> user >> nice >> system >> idle >> waiting >> hard >> soft >> steal))
    return std::numeric_limits<double>::quiet_NaN();
  return (user + nice + system + hard + soft + steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

Machine describe_machine() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  std::string processor = field_of("/proc/cpuinfo", "model name");
  return {.version = SLUICE_VERSION,
          .compiler = SLUICE_BENCH_COMPILER,
          .flags = SLUICE_BENCH_FLAGS,
          .processor = processor.empty() ? "unknown" : processor,
          .processors = CPU_COUNT(&allowed),
          .threads = thread_count()};
}

std::string to_line(const Machine& machine) {
  return fmt::format("sluice {} ({} {}) on {}, {} processors, {} threads", machine.version, machine.compiler,
                     machine.flags, machine.processor, machine.processors, machine.threads);
}

nlohmann::ordered_json to_json(const Machine& machine) {
  return {{"version", machine.version},     {"compiler", machine.compiler},     {"flags", machine.flags},
          {"processor", machine.processor}, {"processors", machine.processors}, {"threads", machine.threads}};
}

LoadMeter::LoadMeter()
    : wall_(wall_seconds()), own_(own_seconds()), machine_(machine_seconds()), page_faults_(usage().ru_minflt) {}

Load LoadMeter::read() const {
  const double wall = std::max(wall_seconds() - wall_, 1e-9);
  const double own = own_seconds() - own_;
  return {.wall_seconds = wall,
          .cpu_per_wall = own / wall,
          .others_per_wall = std::max(0.0, (machine_seconds() - machine_ - own) / wall),
          .page_faults = usage().ru_minflt - page_faults_};
}

std::string to_line(const Load& load) {
  return fmt::format("cpu/wall {:.2f}, others {:.2f} processors, {:.1f} s", load.cpu_per_wall, load.others_per_wall,
                     load.wall_seconds);
}

nlohmann::ordered_json to_json(const Load& load) {
  return {{"wall_seconds", load.wall_seconds},
          {"cpu_per_wall", load.cpu_per_wall},
          {"others_per_wall", load.others_per_wall},
          {"page_faults", load.page_faults}};
}

std::size_t resident_bytes() { return status_bytes("VmRSS"); }
// Not getrusage's maximum, which a process inherits from the one that started it.
std::size_t peak_resident_bytes() { return status_bytes("VmHWM"); }

}  // namespace sluice::bench

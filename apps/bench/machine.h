// SPDX-License-Identifier: Apache-2.0
// What a timing depends on besides the code: the build, the processor, and who else was running meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sluice::bench {

struct Machine {
  std::string version;   // of Sluice
  std::string compiler;  // with its version
  std::string flags;
  std::string processor;
  int processors = 0;  // that this process may run on
  int threads = 0;     // that the kernels use
};

Machine describe_machine();
// One line for a reader.
std::string to_line(const Machine& machine);
nlohmann::ordered_json to_json(const Machine& machine);

struct Load {
  double wall_seconds = 0;
  double cpu_per_wall = 0;       // this process, all threads; near the number of threads where nothing disturbed it
  double others_per_wall = 0;    // processors that everything else on the machine kept busy; NaN where not known
  std::int64_t page_faults = 0;  // minor ones of this process
};

// Measures the load from its construction on.
class LoadMeter {
 public:
  LoadMeter();
  Load read() const;

 private:
  double wall_, own_, machine_;
  std::int64_t page_faults_;
};

std::string to_line(const Load& load);
nlohmann::ordered_json to_json(const Load& load);

// Resident memory of this process, now and at most so far. 0 where the system does not tell.
std::size_t resident_bytes();
std::size_t peak_resident_bytes();

}  // namespace sluice::bench

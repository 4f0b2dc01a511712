// SPDX-License-Identifier: Apache-2.0
// Mistakes planted in kernels and in the use of the runtime, and what the emulator must say of each; clean kernels too,
// of which it must say nothing.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace sluice::test {

// By whom: nobody, for a clean kernel; nobody, but its results are wrong in every build; the checked build; every
// build.
enum class Seen { never, never_but_wrong, by_the_checked_build, always };

struct Planted {
  std::string name;
  Seen seen;
  std::string report;         // a part of what must be said
  std::function<bool()> run;  // whether the results are right; throws DeviceError with the report
};

inline void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }

std::vector<Planted> planted_in_small_kernels();
std::vector<Planted> planted_in_whole_kernels();
std::vector<Planted> planted_in_runtime_use();
std::vector<Planted> all_planted();

struct Outcome {
  std::string report;
  bool right = false;
};
// Runs it and puts the device in order again.
Outcome outcome_of(const Planted& planted);

// Whether this build checks every access.
bool checked_build();

}  // namespace sluice::test

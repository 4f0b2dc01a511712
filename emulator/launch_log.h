// SPDX-License-Identifier: Apache-2.0
// Which kernels the process ran to their end. Where SLUICE_EMULATOR_LAUNCHES names a file, one line for each is added
// to it at exit, for scripts/kernel_table.py: address in the program, name of the launch, how often, and the command
// line, apart by tabs.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include <sluice/emulator/emulator.h>

namespace sluice::emulator {

class LaunchLog {
 public:
  LaunchLog();
  void add(const Launch& launch);

 private:
  struct Key {
    const void* function;
    std::string name;
    auto operator<=>(const Key&) const = default;
  };
  void write() const;

  bool on_;
  std::map<Key, std::uint64_t> counts_;
};

LaunchLog& launch_log();

}  // namespace sluice::emulator

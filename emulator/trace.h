// SPDX-License-Identifier: Apache-2.0
// An estimate of how well accesses use memory, by kernel and source line, from the first block of each launch: the n-th
// time that the lanes of a warp pass one place is taken for one instruction of the warp. Shared memory: wavefronts
// (bank conflicts); global memory: sectors of 32 bytes. Neighbours within 16 aligned bytes that one line touches by
// different instructions of the program count as one access: the host's compiler takes packs apart that nvcc moves
// whole. A hint, not a measure. Printed at exit where SLUICE_EMULATOR_TRACE is set.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sluice/emulator/checker.h>

namespace sluice::emulator {

class Trace {
 public:
  enum class Space : unsigned char { shared, global };

  Trace();
  bool on() const { return on_; }
  void begin_launch(const Launch& launch) { kernel_ = launch.kernel; }
  // An access of the running thread.
  void add(const Place& place, const void* memory, std::size_t bytes, Space space, Access access);
  void end_launch();
  void print() const;

 private:
  struct Instruction {  // of a warp
    std::uintptr_t addresses[32];
    std::uint32_t lanes = 0;
    unsigned bytes = 0;
  };
  struct Passed {  // by one thread
    std::uint32_t count = 0;
    std::uintptr_t begin = 0, end = 0;  // of the last access
    const void* by = nullptr;
  };
  struct Site {
    Space space = Space::global;
    Access access = Access::read;
    std::uint64_t instructions = 0, lanes = 0, cost = 0, ideal = 0;
    std::vector<std::vector<Instruction>> of_warps{32};
    std::vector<Passed> of_threads = std::vector<Passed>(1024);
  };
  static void count_shared(Site& site, const Instruction& instruction);
  static void count_global(Site& site, const Instruction& instruction);

  bool on_;
  std::string kernel_;
  std::map<std::pair<std::string, std::string>, Site> sites_;  // of kernel and place
  std::map<const void*, std::string> names_;                   // of program addresses
};

}  // namespace sluice::emulator

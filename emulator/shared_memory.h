// SPDX-License-Identifier: Apache-2.0
// The shared memory of one block: variables one after another with gaps between, filled with 0xFF (NaN in f32, f16 and
// bf16) when a block begins.
#pragma once

#include <cstddef>
#include <vector>

#include <sluice/emulator/emulator.h>

namespace sluice::emulator {

class SharedMemory {
 public:
  static constexpr std::size_t kMostStatic = std::size_t{48} << 10;    // of a kernel's SHARED variables
  static constexpr std::size_t kMostOfBlock = std::size_t{227} << 10;  // of all of it (sm_90)

  SharedMemory();
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  void begin_block(std::size_t dynamic_bytes);
  // The same memory for the same id in a block. Fails the kernel where the limits are broken.
  void* variable(int id, std::size_t bytes, std::size_t alignment, const char* name);
  void* dynamic();

  bool contains(const void* pointer) const {
    return static_cast<const std::byte*>(pointer) >= memory_ &&
           static_cast<const std::byte*>(pointer) < memory_ + kBytes;
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{512} << 10;  // limits, and gaps between variables
  void* carve(std::size_t bytes, std::size_t alignment, const char* name);

  struct Variable {
    void* memory = nullptr;
    std::size_t block = 0;
  };
  std::byte* memory_;
  std::size_t used_ = 0, static_bytes_ = 0, dynamic_bytes_ = 0;
  void* dynamic_ = nullptr;
  std::size_t block_ = 0;  // counts up, so that what `variables_` has of earlier blocks is stale
  std::vector<Variable> variables_;
};

}  // namespace sluice::emulator

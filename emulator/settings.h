// SPDX-License-Identifier: Apache-2.0
// How the emulator runs, from the environment:
//   SLUICE_EMULATOR_ORDER   forward (the default), reverse, random, greedy
//   SLUICE_EMULATOR_SEED    of the random order and of the streams' interleaving; default 1
//   SLUICE_EMULATOR_ASYNC   lazy (the default), eager
//   SLUICE_EMULATOR_MEMORY  bytes of device memory; default 8 GiB
//   SLUICE_EMULATOR_TRACE   1: print bank conflicts and sectors by source line at exit; checked build only
//   SLUICE_EMULATOR_LAUNCHES  a file, to which a line for each kernel that ran is added at exit (launch_log.h)
//   SLUICE_EMULATOR_DRIVER  the CUDA that the driver knows, 12040 for 12.4; 0: no driver; default this build's
//   SLUICE_EMULATOR_DEVICES  0 or 1, the default
//   SLUICE_EMULATOR_CAPABILITY  the device's compute capability, 75 for 7.5; default 90
//   SLUICE_EMULATOR_CODE    the least compute capability that there is code for; default 80
//   SLUICE_EMULATOR_FAULT   a kernel, by the name of its launch, that fails
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::emulator {

// Which of the threads that may go on goes on. greedy: the first, so that a warp runs as far ahead of others as it may.
enum class Order { forward, reverse, random, greedy };
// When the bytes of a cp.async move: at the wait, or at its issue. A missing wait shows in the one, an early overwrite
// in the other.
enum class AsyncCopies { lazy, eager };

inline constexpr int kBuildVersion = CUDART_VERSION;

struct Settings {
  Order order = Order::forward;
  std::uint64_t seed = 1;
  AsyncCopies async_copies = AsyncCopies::lazy;
  std::size_t memory_bytes = std::size_t{8} << 30;
  bool trace = false;
  std::string launches;
  // The machine that is played, for what the framework says of one that doesn't do.
  int driver = kBuildVersion;
  int devices = 1;
  int capability = 90, code = 80;
  std::string fault;
};

// Read from the environment at first use; tests change it. Throws std::invalid_argument for a value it can't read.
Settings& settings();

}  // namespace sluice::emulator

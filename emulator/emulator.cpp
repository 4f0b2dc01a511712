// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/emulator.h>

#include <algorithm>
#include <numeric>

#include <sluice/base/error.h>
#include <sluice/emulator/block.h>
#include <sluice/emulator/checker.h>
#include <sluice/emulator/fault.h>
#include <sluice/emulator/launch_log.h>

namespace sluice::emulator {
namespace {

const char* running_kernel = "";

// One for the process: its fibers are dear to make.
Block& the_block() {
  static Block block;
  return block;
}

std::vector<unsigned> order_of_blocks(unsigned count) {
  std::vector<unsigned> order(count);
  std::iota(order.begin(), order.end(), 0u);
  if (settings().order == Order::reverse) std::reverse(order.begin(), order.end());
  if (settings().order == Order::random) {
    Random random(settings().seed);
    for (unsigned i = count - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
  }
  return order;
}

}  // namespace

BuiltIns built_ins;
Checker* checker = nullptr;
bool accesses_are_own = true;

void fail(const std::string& what, const Location& at) {
  accesses_are_own = true;
  const std::string place = at.line() == 0 ? "" : concat(" at ", text(at));
  if (self == nullptr) throw Failure(concat(running_kernel, ": ", what, place));
  block->abandon(concat(running_kernel, ": ", name_of(*self), ": ", what, place));
}

void fail(const char* what, const Location& at) {
  accesses_are_own = true;
  fail(std::string(what), at);
}

void warp_collective(unsigned mask, void* argument, CollectiveFunction function, const char* name, const Location& at) {
  const OwnAccesses own;
  block->warp_collective(mask, argument, function, name, at);
}

void block_collective(int barrier, unsigned count, void* argument, CollectiveFunction function, const char* name,
                      const Location& at) {
  const OwnAccesses own;
  block->block_collective(barrier, count, argument, function, name, at);
}

void wait_until(bool (*predicate)(void*), void* argument, const char* name, const Location& at) {
  const OwnAccesses own;
  block->wait_until(predicate, argument, name, at);
}

void fence() {
  const OwnAccesses own;
  if (checker != nullptr) checker->fence();
}

void release(const void* object) {
  const OwnAccesses own;
  if (checker != nullptr) checker->release(object);
}

void acquire(const void* object) {
  const OwnAccesses own;
  if (checker != nullptr) checker->acquire(object);
}

int new_shared_variable() {
  const OwnAccesses own;
  static int next = 0;
  return next++;
}

void* shared_variable(int id, std::size_t bytes, std::size_t alignment, const char* name) {
  const OwnAccesses own;
  return block->shared_memory().variable(id, bytes, alignment, name);
}

void* dynamic_shared_memory() {
  const OwnAccesses own;
  return block->shared_memory().dynamic();
}

void require_shared(const void* pointer, const char* instruction, const Location& at) {
  const OwnAccesses own;
  if (!block->shared_memory().contains(pointer)) fail(concat(instruction, ": the address is not in shared memory"), at);
}

void note_access(const void* pointer, std::size_t bytes, Access access, const Location& at) {
  const OwnAccesses own;
  if (checker != nullptr) checker->access(pointer, bytes, access, {.location = &at});
}

std::string broken_limit(Extents grid, Extents extents, std::size_t dynamic_shared_bytes) {
  if (grid.count() == 0 || extents.count() == 0) return "an empty grid or block";
  if (extents.count() > 1024 || extents.z > 64)
    return concat("a block of ", extents.count(), " threads, ", extents.z, " deep; at most 1024, 64 deep");
  if (extents.count() % kWarp != 0)
    return concat("a block of ", extents.count(), " threads; kernels here run in whole warps of 32");
  if (grid.x > 0x7fffffffu || grid.y > 65535 || grid.z > 65535)
    return concat("a grid of (", grid.x, ",", grid.y, ",", grid.z, "); at most (2^31 - 1, 65535, 65535)");
  if (dynamic_shared_bytes > SharedMemory::kMostOfBlock)
    return concat(dynamic_shared_bytes, " bytes of dynamic shared memory; at most ", SharedMemory::kMostOfBlock);
  return "";
}

void run(const Launch& launch) {
  running_kernel = launch.kernel;
  const std::string broken = broken_limit(launch.grid, launch.block, launch.dynamic_shared_bytes);
  if (!broken.empty()) fail(broken, Location());
  if (launch.kernel == settings().fault) fail("SLUICE_EMULATOR_FAULT asks for a fault", Location());
  built_ins.grid_extents = launch.grid;
  built_ins.block_extents = launch.block;
  the_block().schedule().begin_launch();
  const FaultGuard faults_are_failures;
  if (checker != nullptr) checker->begin_launch(launch);
  const std::uint64_t count = launch.grid.count();
  if (settings().order == Order::forward || settings().order == Order::greedy)
    for (unsigned i = 0; i < count; ++i) the_block().run(launch, i);
  else
    for (const unsigned i : order_of_blocks(static_cast<unsigned>(count))) the_block().run(launch, i);
  if (checker != nullptr) checker->end_launch();
  launch_log().add(launch);
}

}  // namespace sluice::emulator

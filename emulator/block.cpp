// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/block.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <sluice/base/error.h>
#include <sluice/emulator/checker.h>

namespace sluice::emulator {
namespace {

constexpr std::size_t kStackBytes = std::size_t{64} << 10;

bool same_place(const Location& a, const Location& b) {
  return a.line() == b.line() && a.column() == b.column() && a.file_name() == b.file_name();
}

}  // namespace

Thread* self = nullptr;
Block* block = nullptr;

std::string name_of(const Thread& thread) {
  const Extents &t = thread.index, &b = built_ins.block;
  return concat("thread (", t.x, ",", t.y, ",", t.z, ") of block (", b.x, ",", b.y, ",", b.z, ")");
}

std::string text(const Location& at) {
  const char* slash = std::strrchr(at.file_name(), '/');
  return concat(slash == nullptr ? at.file_name() : slash + 1, ":", at.line());
}

void Block::begin(const Launch& launch, unsigned linear_index) {
  launch_ = &launch;
  const Extents &grid = launch.grid, &extents = launch.block;
  built_ins.block = {linear_index % grid.x, linear_index / grid.x % grid.y, linear_index / (grid.x * grid.y)};
  count_ = static_cast<unsigned>(extents.count());
  done_ = 0;
  polls_ = 0;
  while (threads_.size() < count_) threads_.push_back(std::make_unique<Thread>());
  for (unsigned i = 0; i < count_; ++i) {
    Thread& thread = *threads_[i];
    thread.index = {i % extents.x, i / extents.x % extents.y, i / (extents.x * extents.y)};
    thread.linear = i;
    thread.lane = i % kWarp;
    thread.warp = i / kWarp;
    thread.fiber = nullptr;
    thread.done = false;
    thread.waits_in = nullptr;
    thread.copies.clear();
    thread.copy_groups = 0;
  }
  warps_.resize((count_ + kWarp - 1) / kWarp);
  for (Warp& warp : warps_) {
    warp.meetings.clear();
    warp.exited = 0;
  }
  for (Barrier& barrier : barriers_) {
    barrier.arguments.clear();
    barrier.threads.clear();
  }
  schedule_.begin_block(count_);
  shared_memory_.begin_block(launch.dynamic_shared_bytes);
  if (checker != nullptr) checker->begin_block(linear_index);
}

void Block::run(const Launch& launch, unsigned linear_index) {
  block = this;
  begin(launch, linear_index);
  become(*threads_[static_cast<unsigned>(schedule_.pick())]);
  self->fiber = &new_fiber();
  Fiber::switch_between(caller_, *self->fiber);
  self = nullptr;
  if (failure_.empty()) return;
  // The kernel's frames are dropped: they hold nothing that wants destroying.
  idle_fibers_.clear();
  for (const auto& fiber : fibers_) {
    fiber->reset(fiber_main);
    idle_fibers_.push_back(fiber.get());
  }
  throw Failure(std::exchange(failure_, ""));
}

Fiber& Block::new_fiber() {
  if (idle_fibers_.empty()) {
    fibers_.push_back(std::make_unique<Fiber>(kStackBytes, fiber_main));
    return *fibers_.back();
  }
  Fiber* fiber = idle_fibers_.back();
  idle_fibers_.pop_back();
  return *fiber;
}

void Block::fiber_main() {
  Fiber::started();
  for (;;) {  // a fiber whose thread has ended takes another that has not begun
    accesses_are_own = false;
    block->launch_->entry(block->launch_->argument);
    accesses_are_own = true;
    Fiber& fiber = *self->fiber;
    block->exit_thread();
    block->continue_another(fiber, Leaving::has_ended, block->schedule_.pick());
  }
}

void Block::become(Thread& thread) {
  self = &thread;
  built_ins.thread = thread.index;
  built_ins.lane = thread.lane;
}

void Block::leave(Fiber& from) {
  self = nullptr;
  Fiber::switch_between(from, caller_);
}

void Block::continue_another(Fiber& from, Leaving leaving, int next) {
  if (leaving == Leaving::has_ended && done_ == count_) {
    idle_fibers_.push_back(&from);
    return leave(from);
  }
  if (next < 0) return deadlock();
  Thread& thread = *threads_[static_cast<unsigned>(next)];
  become(thread);
  if (leaving == Leaving::has_ended) {
    if (thread.fiber == nullptr) {
      thread.fiber = &from;
      return;
    }
    idle_fibers_.push_back(&from);
  } else if (thread.fiber == nullptr) {
    thread.fiber = &new_fiber();
  }
  if (thread.fiber != &from) Fiber::switch_between(from, *thread.fiber);
}

void Block::wait_here(const char* name, const Location& at) {
  Thread& thread = *self;
  thread.waits_in = name;
  thread.waits_at = at;
  schedule_.block(thread.linear);
  continue_another(*thread.fiber, Leaving::waits, schedule_.pick());
}

void Block::yield_sometimes() {
  if (settings().order == Order::random) continue_another(*self->fiber, Leaving::waits, schedule_.pick());
}

void Block::deadlock() {
  std::string waiting;
  int shown = 0;
  for (unsigned i = 0; i < count_ && shown < 4; ++i) {
    const Thread& thread = *threads_[i];
    if (thread.done) continue;
    waiting += concat(shown++ == 0 ? " " : "; ", name_of(thread), " waits in ",
                      thread.waits_in == nullptr ? "?" : thread.waits_in, " at ", text(thread.waits_at));
  }
  abandon(concat(launch_->kernel, ": deadlock:", waiting));
}

void Block::abandon(std::string failure) {
  failure_ = std::move(failure);
  leave(*self->fiber);
  __builtin_unreachable();
}

void Block::exit_thread() {
  Thread& thread = *self;
  if (!thread.copies.empty()) fail("exits with a cp.async that was never waited for", thread.copies.front().at);
  Warp& warp = warps_[thread.warp];
  for (const Meeting& meeting : warp.meetings)
    if (meeting.mask >> thread.lane & 1)
      fail(concat("exits while its warp waits for it in ", meeting.name), meeting.at);
  if (!barriers_[0].threads.empty())
    fail(concat("exits while others of its block wait in ", barriers_[0].name), barriers_[0].at);
  thread.done = true;
  ++done_;
  polls_ = 0;
  schedule_.block(thread.linear);
  warp.exited |= 1u << thread.lane;
}

Block::Meeting& Block::meeting(Warp& warp, unsigned mask, CollectiveFunction function, const char* name,
                               const Location& at) {
  Meeting* found = nullptr;
  for (Meeting& meeting : warp.meetings) {
    if (meeting.mask == mask)
      found = &meeting;
    else if (meeting.mask & mask)
      fail(concat(name, ": its mask overlaps that of ", meeting.name, " at ", text(meeting.at),
                  ", in which lanes of the warp wait"),
           at);
  }
  if (found == nullptr) return warp.meetings.emplace_back(Meeting{mask, 0, function, name, at, {}});
  if (found->function != function || !same_place(found->at, at))
    fail(concat("lanes of a warp diverge: ", name, " meets ", found->name, " at ", text(found->at)), at);
  return *found;
}

void Block::warp_collective(unsigned mask, void* argument, CollectiveFunction function, const char* name,
                            const Location& at) {
  Thread& thread = *self;
  Warp& warp = warps_[thread.warp];
  const unsigned first = thread.warp * kWarp, lanes = std::min(kWarp, count_ - first);
  const unsigned present = lanes == kWarp ? ~0u : (1u << lanes) - 1;
  if (!(mask >> thread.lane & 1)) fail(concat(name, ": the calling lane is not in its own mask"), at);
  if (mask & ~present) fail(concat(name, ": the mask names lanes that the warp does not have"), at);
  if (mask & warp.exited) fail(concat(name, ": the mask names a lane that has exited"), at);
  Meeting& here = meeting(warp, mask, function, name, at);
  here.arrived |= 1u << thread.lane;
  here.arguments[thread.lane] = argument;
  if (here.arrived != mask) return wait_here(name, at);
  if (function != nullptr) {
    function(here.arguments);
  } else if (checker != nullptr) {
    checker->warp_barrier(mask);
  }
  for (unsigned left = mask; left != 0; left &= left - 1)
    schedule_.ready(first + static_cast<unsigned>(__builtin_ctz(left)));
  std::swap(here, warp.meetings.back());
  warp.meetings.pop_back();
  polls_ = 0;
  yield_sometimes();
}

void Block::block_collective(int id, unsigned count, void* argument, CollectiveFunction function, const char* name,
                             const Location& at) {
  Barrier& barrier = barriers_[id];
  if (count == 0) {
    count = count_;
    if (done_ != 0) fail(concat(name, " after threads of the block have exited"), at);
  }
  if (count % kWarp != 0 || count > count_)
    fail(concat(name, ": a barrier for ", count, " of ", count_, " threads"), at);
  if (barrier.threads.empty()) {
    barrier.function = function;
    barrier.name = name;
    barrier.at = at;
    barrier.count = count;
  } else if (barrier.function != function || barrier.count != count || (id == 0 && !same_place(barrier.at, at))) {
    fail(concat("threads of a block diverge: ", name, " meets ", barrier.name, " at ", text(barrier.at)), at);
  }
  barrier.arguments.push_back(argument);
  barrier.threads.push_back(self->linear);
  if (barrier.threads.size() != count) return wait_here(name, at);
  if (function != nullptr) function(barrier.arguments.data());
  if (checker != nullptr) checker->block_barrier(barrier.threads);
  for (const unsigned thread : barrier.threads) schedule_.ready(thread);
  barrier.arguments.clear();
  barrier.threads.clear();
  polls_ = 0;
  yield_sometimes();
}

void Block::wait_until(bool (*predicate)(void*), void* argument, const char* name, const Location& at) {
  Thread& thread = *self;
  for (; !predicate(argument); ++polls_) {
    thread.waits_in = name;
    thread.waits_at = at;
    // Everybody has looked again and again, and nothing else happened.
    if (polls_ > std::uint64_t{16} * count_) deadlock();
    continue_another(*thread.fiber, Leaving::waits, schedule_.pick_fairly());
  }
  polls_ = 0;
}

}  // namespace sluice::emulator

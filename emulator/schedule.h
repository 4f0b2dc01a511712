// SPDX-License-Identifier: Apache-2.0
// Which thread of a block goes on next.
#pragma once

#include <cstdint>
#include <vector>

#include <sluice/emulator/settings.h>

namespace sluice::emulator {

// xorshift64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull | 1) {}

  std::uint64_t operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }

 private:
  std::uint64_t state_;
};

class Schedule {
 public:
  // All of `threads` are ready.
  void begin_block(unsigned threads);
  void begin_launch() { random_ = Random(settings().seed); }

  void ready(unsigned thread) { ready_[thread / 64] |= bit(thread); }
  void block(unsigned thread) { ready_[thread / 64] &= ~bit(thread); }

  // The next of the ready threads by the order that is set, or -1 where none is.
  int pick();
  // The next in turn, so that nobody starves behind a thread that spins.
  int pick_fairly() { return settings().order == Order::greedy ? from(next_after(last_)) : pick(); }

 private:
  static std::uint64_t bit(unsigned thread) { return std::uint64_t{1} << thread % 64; }
  unsigned next_after(unsigned thread) const { return thread + 1 >= threads_ ? 0 : thread + 1; }
  int from(unsigned thread);
  int down_from(unsigned thread);

  std::vector<std::uint64_t> ready_;
  unsigned threads_ = 0;
  unsigned last_ = 0;
  Random random_{1};
};

}  // namespace sluice::emulator

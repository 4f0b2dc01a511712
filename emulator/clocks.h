// SPDX-License-Identifier: Apache-2.0
// Vector clocks: which accesses happened before which, by CUDA's rules. Every thread has a clock that ticks at each
// release; what a thread knows of another is the last tick that is ordered before it.
//
// Whole barriers are by far the most, so knowledge is kept in layers: what all threads of the block share since the
// last barrier of all, what the lanes of a warp know of each other, and for the rest (barriers of some, mbarriers) a
// whole vector. Fences and atomics order threads of different blocks too: an atomic access behind a fence leaves the
// thread's knowledge at the address, a fence behind an atomic access takes up what was left there.
//
// After Lamport (1978), and Flanagan and Freund, "FastTrack" (2009), for the epochs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

namespace sluice::emulator {

// A tick of one thread: block serial << 32 | thread << 22 | time. 0: none.
using Epoch = std::uint64_t;

constexpr unsigned thread_of(Epoch epoch) { return static_cast<unsigned>(epoch >> 22) & 0x3ffu; }
constexpr std::uint32_t time_of(Epoch epoch) { return static_cast<std::uint32_t>(epoch) & 0x3fffffu; }
constexpr std::uint32_t serial_of(Epoch epoch) { return static_cast<std::uint32_t>(epoch >> 32); }

class Clocks {
 public:
  static constexpr unsigned kMostThreads = 1024;

  void begin_launch();
  void begin_block(unsigned threads);

  Epoch now(unsigned thread) const { return Epoch{serial_} << 32 | Epoch{thread} << 22 | own_[thread]; }

  // Whether what happened at `epoch` is ordered before what `thread` does now. Launches are ordered.
  bool ordered(Epoch epoch, unsigned thread) const {
    const std::uint32_t serial = serial_of(epoch);
    if (serial < first_serial_) return true;
    const unsigned other = thread_of(epoch);
    if (serial == serial_ && (other == thread || knows(thread, other) >= time_of(epoch))) return true;
    return any_acquired_ && was_acquired(acquired_[thread], epoch, 0);
  }

  void barrier_of_all();
  void barrier_of(std::span<const unsigned> threads);
  void warp_barrier(unsigned warp, unsigned mask);
  void fence(unsigned thread);
  void atomic(unsigned thread, const void* address);
  void release(unsigned thread, const void* object);
  void acquire(unsigned thread, const void* object);

  std::uint32_t serial() const { return serial_; }
  std::uint32_t first_serial() const { return first_serial_; }

 private:
  using Times = std::vector<std::uint32_t>;  // by thread
  struct Location;
  // The first `length` releases at a location.
  struct Acquired {
    const Location* location;
    std::size_t length;
    friend bool operator==(const Acquired&, const Acquired&) = default;
  };
  struct Release {
    std::uint32_t serial;
    Times times;
    std::vector<Acquired> acquired;
  };
  struct Location {
    std::vector<std::shared_ptr<const Release>> releases;
  };

  std::uint32_t knows(unsigned thread, unsigned other) const {
    std::uint32_t time = shared_[other];
    if (thread / 32 == other / 32) time = std::max(time, lanes_[thread][other % 32]);
    if (more_[thread] != nullptr) time = std::max(time, (*more_[thread])[other]);
    return time;
  }
  Times everything(unsigned thread) const;
  void learn(unsigned thread, const Times& times);
  bool was_acquired(const std::vector<Acquired>& acquired, Epoch epoch, int depth) const;
  void share_acquired(std::span<const unsigned> threads);

  unsigned threads_ = 0;
  std::uint32_t serial_ = 0, first_serial_ = 1;
  std::array<std::uint32_t, kMostThreads> own_{}, shared_{};
  std::array<std::array<std::uint32_t, 32>, kMostThreads> lanes_{};
  std::array<std::shared_ptr<const Times>, kMostThreads> more_;
  bool any_more_ = false, any_acquired_ = false, any_released_ = false;
  std::array<std::shared_ptr<const Release>, kMostThreads> released_;  // by the thread's last fence
  std::array<std::vector<Acquired>, kMostThreads> touched_, acquired_;
  std::unordered_map<const void*, Location> locations_;
  std::unordered_map<const void*, Times> objects_;
};

}  // namespace sluice::emulator

// SPDX-License-Identifier: Apache-2.0
// Barriers, shuffles and votes of the device language under a host compiler. Stricter than the hardware where that is
// portable: lanes meet at one place in the source, masks name lanes that are there.
#pragma once

#include <sluice/emulator/emulator.h>

// The last parameter of a function that a kernel calls, where the emulator must know from where.
#define CALL_SITE , const ::sluice::emulator::Location& at = ::sluice::emulator::Location::current()
#define PASS_CALL_SITE , at
#define SLUICE_ONLY_CALL_SITE const ::sluice::emulator::Location& at = ::sluice::emulator::Location::current()

inline void __syncthreads(SLUICE_ONLY_CALL_SITE) {
  sluice::emulator::block_collective(0, 0, nullptr, nullptr, "__syncthreads", at);
}

namespace sluice::emulator {

struct Count {
  int predicate, sum;
};

// How many threads of the block have a predicate that is not 0.
UNCHECKED inline int count_in_block(bool predicate, const char* name, const Location& at) {
  Count mine{predicate, 0};
  block_collective(
      0, 0, &mine,
      [](void** threads) UNCHECKED {
        const std::uint64_t count = built_ins.block_extents.count();
        int sum = 0;
        for (std::uint64_t i = 0; i < count; ++i) sum += static_cast<Count*>(threads[i])->predicate;
        for (std::uint64_t i = 0; i < count; ++i) static_cast<Count*>(threads[i])->sum = sum;
      },
      name, at);
  return mine.sum;
}

template <class T>
struct Shuffle {
  T value, result;
  int source;  // a lane; -1 afterwards where that lane was not in the mask
};

template <class T>
UNCHECKED T shuffle(unsigned mask, T value, int source, const char* name, const Location& at) {
  Shuffle<T> mine{value, value, source};
  warp_collective(
      mask, &mine,
      [](void** lanes) UNCHECKED {
        for (int lane = 0; lane < 32; ++lane) {
          auto* to = static_cast<Shuffle<T>*>(lanes[lane]);
          if (to == nullptr) continue;
          const auto* from = static_cast<const Shuffle<T>*>(lanes[to->source & 31]);
          if (from == nullptr)
            to->source = -1;
          else
            to->result = from->value;
        }
      },
      name, at);
  if (mine.source < 0) fail("a shuffle reads a lane outside its mask", at);  // undefined on the device
  return mine.result;
}

template <class T>
struct Vote {
  T value, result;
};

// combine(result so far, value) over the lanes of the mask, the same result for all.
template <class T, class Combine>
UNCHECKED T vote(unsigned mask, T value, Combine, const char* name, const Location& at) {
  Vote<T> mine{value, value};
  warp_collective(
      mask, &mine,
      [](void** lanes) UNCHECKED {
        T result{};
        bool first = true;
        for (int lane = 0; lane < 32; ++lane) {
          if (lanes[lane] == nullptr) continue;
          const T next = static_cast<Vote<T>*>(lanes[lane])->value;
          result = first ? next : Combine()(result, next);
          first = false;
        }
        for (int lane = 0; lane < 32; ++lane)
          if (lanes[lane] != nullptr) static_cast<Vote<T>*>(lanes[lane])->result = result;
      },
      name, at);
  return mine.result;
}

struct Or {
  template <class T>
  UNCHECKED T operator()(T a, T b) const {
    return a | b;
  }
};
struct Plus {
  template <class T>
  UNCHECKED T operator()(T a, T b) const {
    return a + b;
  }
};
struct Larger {
  template <class T>
  UNCHECKED T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Smaller {
  template <class T>
  UNCHECKED T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};

UNCHECKED inline unsigned ballot(unsigned mask, bool predicate, const char* name, const Location& at) {
  return vote(mask, unsigned{predicate} << built_ins.lane, Or{}, name, at);
}

inline int lane() { return static_cast<int>(built_ins.lane); }

}  // namespace sluice::emulator

inline int __syncthreads_count(int predicate CALL_SITE) {
  return sluice::emulator::count_in_block(predicate != 0, "__syncthreads_count", at);
}
inline int __syncthreads_or(int predicate CALL_SITE) {
  return sluice::emulator::count_in_block(predicate != 0, "__syncthreads_or", at) > 0;
}
inline int __syncthreads_and(int predicate CALL_SITE) {
  return sluice::emulator::count_in_block(predicate == 0, "__syncthreads_and", at) == 0;
}

inline void __syncwarp(unsigned mask = ~0u CALL_SITE) {
  sluice::emulator::warp_collective(mask, nullptr, nullptr, "__syncwarp", at);
}
inline void __threadfence() { sluice::emulator::fence(); }
inline void __threadfence_block() { sluice::emulator::fence(); }

// `width` lanes, a power of two, shuffle among themselves.
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32 CALL_SITE) {
  const int first = sluice::emulator::lane() & ~(width - 1);
  return sluice::emulator::shuffle(mask, value, first | (source & (width - 1)), "__shfl_sync", at);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = 32 CALL_SITE) {
  const int lane = sluice::emulator::lane();
  int source = lane ^ lanes;
  if ((source & ~(width - 1)) > (lane & ~(width - 1))) source = lane;
  return sluice::emulator::shuffle(mask, value, source, "__shfl_xor_sync", at);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned lanes, int width = 32 CALL_SITE) {
  const int lane = sluice::emulator::lane();
  const bool inside = (lane & (width - 1)) + static_cast<int>(lanes) < width;
  return sluice::emulator::shuffle(mask, value, inside ? lane + static_cast<int>(lanes) : lane, "__shfl_down_sync", at);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned lanes, int width = 32 CALL_SITE) {
  const int lane = sluice::emulator::lane();
  const bool inside = (lane & (width - 1)) >= static_cast<int>(lanes);
  return sluice::emulator::shuffle(mask, value, inside ? lane - static_cast<int>(lanes) : lane, "__shfl_up_sync", at);
}

inline unsigned __ballot_sync(unsigned mask, int predicate CALL_SITE) {
  return sluice::emulator::ballot(mask, predicate != 0, "__ballot_sync", at);
}
inline int __any_sync(unsigned mask, int predicate CALL_SITE) {
  return sluice::emulator::ballot(mask, predicate != 0, "__any_sync", at) != 0;
}
inline int __all_sync(unsigned mask, int predicate CALL_SITE) {
  return sluice::emulator::ballot(mask, predicate == 0, "__all_sync", at) == 0;
}

template <class T>
T __reduce_add_sync(unsigned mask, T value CALL_SITE) {
  return sluice::emulator::vote(mask, value, sluice::emulator::Plus{}, "__reduce_add_sync", at);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value CALL_SITE) {
  return sluice::emulator::vote(mask, value, sluice::emulator::Larger{}, "__reduce_max_sync", at);
}
template <class T>
T __reduce_min_sync(unsigned mask, T value CALL_SITE) {
  return sluice::emulator::vote(mask, value, sluice::emulator::Smaller{}, "__reduce_min_sync", at);
}

// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers: the same (key, counter) gives the same bits on every device, in any order of threads.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011 (Philox-4x32-10).
#pragma once

#include <array>
#include <cstdint>

#include <sluice/base/host_device.h>

namespace sluice {

// What a stream of numbers is for; part of the counter, so that no two uses ever share numbers.
enum class RandomPurpose : std::uint32_t {
  initialise = 1,
  shuffle = 2,
  augment = 3,
  dropout = 4,
  label_noise = 5,
  synthetic = 6,
  split = 7,
  test = 8,
  landscape = 9,
  tensor = 10,
};

struct PhiloxKey {
  std::uint64_t seed = 0;
};

// (stream, index): e.g. (epoch or step, sample or element). Four 32-bit words come out of each counter.
struct PhiloxCounter {
  std::uint32_t purpose = 0;
  std::uint32_t stream = 0;
  std::uint64_t index = 0;
};

using PhiloxWords = std::array<std::uint32_t, 4>;

SLUICE_HOST_DEVICE inline PhiloxWords philox(PhiloxKey key, PhiloxCounter counter) {
  std::uint32_t c0 = static_cast<std::uint32_t>(counter.index);
  std::uint32_t c1 = static_cast<std::uint32_t>(counter.index >> 32);
  std::uint32_t c2 = counter.stream;
  std::uint32_t c3 = counter.purpose;
  std::uint32_t k0 = static_cast<std::uint32_t>(key.seed);
  std::uint32_t k1 = static_cast<std::uint32_t>(key.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57u} * c2;
    const std::uint32_t n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const std::uint32_t n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(p1);
    c3 = static_cast<std::uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

// Uniform in [0, 1): the upper 24 bits, exact in float.
SLUICE_HOST_DEVICE inline float uniform(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

// Uniform integer in [0, bound), bound < 2^32; bias below bound / 2^32.
SLUICE_HOST_DEVICE inline std::uint32_t below(std::uint32_t word, std::uint32_t bound) {
  return static_cast<std::uint32_t>((std::uint64_t{word} * bound) >> 32);
}

// A reader of one stream on the host, four words a counter.
class PhiloxStream {
 public:
  PhiloxStream(std::uint64_t seed, RandomPurpose purpose, std::uint32_t stream, std::uint64_t first_index = 0)
      : key_{seed}, counter_{static_cast<std::uint32_t>(purpose), stream, first_index} {}

  std::uint32_t next() {
    if (used_ == 4) {
      words_ = philox(key_, counter_);
      ++counter_.index;
      used_ = 0;
    }
    return words_[used_++];
  }
  float next_uniform() { return uniform(next()); }
  std::uint32_t next_below(std::uint32_t bound) { return below(next(), bound); }
  // Standard normal by Box and Muller, in double, from two words.
  double next_normal();

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxWords words_{};
  int used_ = 4;
};

}  // namespace sluice

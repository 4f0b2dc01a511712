// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/schedule.h>

#include <bit>

namespace sluice::emulator {

void Schedule::begin_block(unsigned threads) {
  threads_ = threads;
  ready_.assign((threads + 63) / 64, ~std::uint64_t{0});
  if (threads % 64 != 0) ready_.back() = bit(threads) - 1;
  last_ = settings().order == Order::forward ? threads - 1 : 0;
}

int Schedule::pick() {
  switch (settings().order) {
    case Order::forward: return from(next_after(last_));
    case Order::reverse: return down_from(last_ == 0 ? threads_ - 1 : last_ - 1);
    case Order::greedy: return from(0);
    case Order::random: break;
  }
  return from(static_cast<unsigned>(random_() % threads_));
}

int Schedule::from(unsigned thread) {
  const std::size_t words = ready_.size();
  std::size_t word = thread / 64;
  std::uint64_t bits = ready_[word] & ~std::uint64_t{0} << thread % 64;
  for (std::size_t step = 0; step <= words; ++step) {
    if (bits != 0) return static_cast<int>(last_ = static_cast<unsigned>(word * 64) + std::countr_zero(bits));
    word = word + 1 == words ? 0 : word + 1;
    bits = ready_[word];
  }
  return -1;
}

int Schedule::down_from(unsigned thread) {
  const std::size_t words = ready_.size();
  std::size_t word = thread / 64;
  std::uint64_t bits = ready_[word] & ~std::uint64_t{0} >> (63 - thread % 64);
  for (std::size_t step = 0; step <= words; ++step) {
    if (bits != 0) return static_cast<int>(last_ = static_cast<unsigned>(word * 64) + 63 - std::countl_zero(bits));
    word = word == 0 ? words - 1 : word - 1;
    bits = ready_[word];
  }
  return -1;
}

}  // namespace sluice::emulator

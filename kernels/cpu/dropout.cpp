// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#include "kernels/cpu/parallel.h"

namespace sluice::kernels::cpu {
namespace {

// Elements [4 first, min(4 last, n)).
template <class T>
void dropout_loop(const DropoutMask& mask, std::int64_t first, std::int64_t last, std::int64_t n, const T* x, T* y) {
  const auto probability = static_cast<float>(mask.probability);
  const auto factor = static_cast<Master<T>>(1 / (1 - mask.probability));
  for (std::int64_t group = first; group < last; ++group) {
    const PhiloxWords words = philox({mask.seed}, {static_cast<std::uint32_t>(RandomPurpose::dropout), mask.step,
                                                   static_cast<std::uint64_t>(group)});
    const std::int64_t begin = 4 * group;
    const std::int64_t count = std::min<std::int64_t>(4, n - begin);
    for (std::int64_t i = 0; i < count; ++i) {
      const bool kept = uniform(words[static_cast<std::size_t>(i)]) >= probability;
      y[begin + i] = kept ? T(factor * static_cast<Master<T>>(x[begin + i])) : T(0.0f);
    }
  }
}

}  // namespace

template <class T>
void dropout(const Exec&, const DropoutMask& mask, std::int64_t n, const T* x, T* y) {
  // A group of four costs about as much as forty elements of a copy.
  parallel_for((n + 3) / 4, kElementGrain / 40,
               [=, &mask](std::int64_t begin, std::int64_t end) { dropout_loop(mask, begin, end, n, x, y); });
}

template void dropout(const Exec&, const DropoutMask&, std::int64_t, const float*, float*);
template void dropout(const Exec&, const DropoutMask&, std::int64_t, const BFloat16*, BFloat16*);
template void dropout(const Exec&, const DropoutMask&, std::int64_t, const double*, double*);

}  // namespace sluice::kernels::cpu

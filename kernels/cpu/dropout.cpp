// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/dropout.h>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

constexpr std::int64_t kBlockGroups = 64;

// Factors of the elements of groups [first, last), 0 or `scale`.
template <class R>
void draw_factors(const DropoutMask& mask, std::int64_t first, std::int64_t last, R scale, R* factors) {
  const auto probability = static_cast<float>(mask.probability);
  const auto step = static_cast<std::uint32_t>(*mask.step);
  for (std::int64_t group = first; group < last; ++group) {
    const PhiloxWords words = philox(
        {mask.seed}, {static_cast<std::uint32_t>(RandomPurpose::dropout), step, static_cast<std::uint64_t>(group)});
    for (const std::uint32_t word : words) *factors++ = uniform(word) >= probability ? scale : R(0);
  }
}

template <class T>
void apply_factors(std::int64_t count, const Master<T>* factors, const T* x, T* y) {
  // A dropped element is 0 even where x is infinite.
  for (std::int64_t i = 0; i < count; ++i)
    y[i] = T(factors[i] != 0 ? factors[i] * static_cast<Master<T>>(x[i]) : Master<T>(0));
}

// Elements of groups [first, last), up to the n-th.
template <class T>
void dropout_loop(const DropoutMask& mask, std::int64_t first, std::int64_t last, std::int64_t n, const T* x, T* y) {
  const auto scale = static_cast<Master<T>>(1 / (1 - mask.probability));
  Master<T> factors[4 * kBlockGroups];
  for (std::int64_t group = first; group < last; group += kBlockGroups) {
    const std::int64_t end = std::min(last, group + kBlockGroups);
    draw_factors(mask, group, end, scale, factors);
    apply_factors(std::min(4 * end, n) - 4 * group, factors, x + 4 * group, y + 4 * group);
  }
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Dropout<Cpu>::apply(const Exec&, const DropoutMask& mask, std::int64_t n, const T* x, T* y) {
  // A group of four costs about as much as forty elements of a copy.
  parallel_for((n + 3) / 4, kElementGrain / 40,
               [=, &mask](std::int64_t begin, std::int64_t end) { dropout_loop(mask, begin, end, n, x, y); });
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CpuTypes{}, []<class T>(Type<T>) { return std::tuple(&Dropout<Cpu>::apply<T>); });

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cumulative.h>

#include <algorithm>

#include <sluice/base/parallel.h>

namespace sluice::kernels {
namespace {

// Columns whose sums run side by side.
constexpr std::int64_t kPanel = 64;

template <class T>
void sum_panel(const CumulativeGeometry& g, std::int64_t columns, const T* x, T* y) {
  using Sum = std::conditional_t<std::is_integral_v<T>, std::uint32_t, double>;
  Sum sums[kPanel] = {};
  for (std::int64_t i = 0; i < g.extent; ++i) {
    const std::int64_t at = (g.direction == Direction::forward ? i : g.extent - 1 - i) * g.inner;
    for (std::int64_t j = 0; j < columns; ++j) {
      sums[j] += static_cast<Sum>(x[at + j]);
      if constexpr (std::is_integral_v<T>)
        y[at + j] = static_cast<T>(sums[j]);
      else
        y[at + j] = T(static_cast<Master<T>>(sums[j]));
    }
  }
}

}  // namespace

template <>
template <class T>
void Cumulative<Cpu>::sum(const Exec&, const CumulativeGeometry& g, const T* x, T* y) {
  const std::int64_t panels = (g.inner + kPanel - 1) / kPanel, width = std::min(g.inner, kPanel);
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, g.extent * width));
  parallel_for(g.outer * panels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t column = i % panels * kPanel, at = i / panels * g.extent * g.inner + column;
      sum_panel(g, std::min(kPanel, g.inner - column), x + at, y + at);
    }
  });
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CumulativeTypesOnCpu{}, []<class T>(Type<T>) { return std::tuple(&Cumulative<Cpu>::sum<T>); });

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/order.h>

#include <algorithm>

#include <sluice/base/parallel.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels {
namespace {

// Columns that are looked through side by side.
constexpr std::int64_t kPanel = 64;

// One line with elements `stride` apart, in x as in index: those found so far are kept in order.
template <class T>
void first_of_line(const OrderGeometry& g, const T* x, std::int32_t* index) {
  using R = Compute<T>;
  const std::int64_t stride = g.inner;
  const auto value = [&](std::int32_t at) { return static_cast<R>(x[at * stride]); };
  std::int64_t found = 0;
  for (std::int32_t i = 0; i < g.extent; ++i) {
    const auto stands_here = [&](std::int64_t place) {
      const std::int32_t other = index[place * stride];
      return stands_before(g.order, value(i), i, value(other), other);
    };
    if (found == g.count && !stands_here(found - 1)) continue;
    std::int64_t place = found < g.count ? found++ : found - 1;
    for (; place > 0 && stands_here(place - 1); --place) index[place * stride] = index[(place - 1) * stride];
    index[place * stride] = i;
  }
}

// The first of each of `columns` lines that lie side by side.
template <class T>
void first_of_panel(const OrderGeometry& g, std::int64_t columns, const T* x, std::int32_t* index) {
  using R = Compute<T>;
  R best[kPanel];
  std::int32_t place[kPanel] = {};
  for (std::int64_t j = 0; j < columns; ++j) best[j] = static_cast<R>(x[j]);
  for (std::int32_t i = 1; i < g.extent; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      const R value = static_cast<R>(x[i * g.inner + j]);
      const bool better = stands_before(g.order, value, i, best[j], place[j]);
      best[j] = better ? value : best[j];
      place[j] = better ? i : place[j];
    }
  std::copy_n(place, columns, index);
}

}  // namespace

template <>
template <class T>
void Ordering<Cpu>::first(const Exec&, const OrderGeometry& g, const T* x, std::int32_t* index) {
  if (g.count == 0) return;
  const std::int64_t panels = (g.inner + kPanel - 1) / kPanel;
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / (g.extent * std::min(g.inner, kPanel)));
  parallel_for(g.outer * panels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t outer = i / panels, column = i % panels * kPanel, columns = std::min(kPanel, g.inner - column);
      const T* from = x + outer * g.extent * g.inner + column;
      std::int32_t* to = index + outer * g.count * g.inner + column;
      if (g.count == 1)
        first_of_panel(g, columns, from, to);
      else
        for (std::int64_t j = 0; j < columns; ++j) first_of_line(g, from + j, to + j);
    }
  });
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CpuNumberTypes{}, []<class T>(Type<T>) { return std::tuple(&Ordering<Cpu>::first<T>); });

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/reduce.h>

#include <algorithm>

#include <sluice/base/parallel.h>

namespace sluice::kernels {
namespace {

// Running results of a row, side by side in vectors.
constexpr std::int64_t kLanes = 64;
// Columns that are held at a time.
constexpr std::int64_t kPanel = 512;

// lanes[0] = all of them: in halves, of sizes that the compiler knows, so that they stay in registers.
template <std::int64_t half, class Op, class R>
inline void fold(const Op& op, R* lanes) {
#pragma omp simd
  for (std::int64_t j = 0; j < half; ++j) lanes[j] = op.both(lanes[j], lanes[j + half]);
  if constexpr (half > 1) fold<half / 2>(op, lanes);
}

template <class Op, class In, class R = Compute<In>>
R reduce_row(const Op& op, std::int64_t count, const In* x) {
  R total = op.template start<R>();
  std::int64_t first = 0;
  if (count >= kLanes) {
    R lanes[kLanes];
    for (R& lane : lanes) lane = total;
    for (; first + kLanes <= count; first += kLanes)
#pragma omp simd
      for (std::int64_t j = 0; j < kLanes; ++j) lanes[j] = op.both(lanes[j], static_cast<R>(x[first + j]));
    fold<kLanes / 2>(op, lanes);
    total = lanes[0];
  }
  for (; first < count; ++first) total = op.both(total, static_cast<R>(x[first]));
  return total;
}

template <class Op, class In, class R = Compute<In>>
void reduce_columns(const Op& op, std::int64_t rows, std::int64_t stride, std::int64_t columns, const In* x,
                    R* totals) {
  for (std::int64_t j = 0; j < columns; ++j) totals[j] = op.template start<R>();
  for (std::int64_t row = 0; row < rows; ++row)
#pragma omp simd
    for (std::int64_t j = 0; j < columns; ++j) totals[j] = op.both(totals[j], static_cast<R>(x[row * stride + j]));
}

// One stage: y [outer, chunks, inner].
template <class Op, class In, class Out, class Finish>
void reduce_chunks(const Op& op, const ReduceGeometry& g, const In* x, Out* y, const Finish& finish) {
  const std::int64_t chunks = g.chunks();
  const std::int64_t panels = (g.inner + kPanel - 1) / kPanel;
  const std::int64_t rows = std::min(g.reduced, g.chunk());
  const std::int64_t grain = kElementGrain / std::max<std::int64_t>(1, rows * std::min(g.inner, kPanel));
  parallel_for(g.outer * chunks * panels, std::max<std::int64_t>(1, grain), [&](std::int64_t begin, std::int64_t end) {
    Compute<In> totals[kPanel];
    for (std::int64_t unit = begin; unit < end; ++unit) {
      // A division takes as long as a short row.
      const std::int64_t above = panels == 1 ? unit : unit / panels, panel = unit - above * panels;
      const std::int64_t outer = chunks == 1 ? above : above / chunks, chunk = above - outer * chunks;
      const std::int64_t first = chunk * g.chunk(), count = std::min(g.chunk(), g.reduced - first);
      const std::int64_t column = panel * kPanel, columns = std::min(kPanel, g.inner - column);
      const In* from = x + (outer * g.reduced + first) * g.inner + column;
      Out* to = y + (outer * chunks + chunk) * g.inner + column;
      if (g.inner == 1)
        totals[0] = reduce_row(op, count, from);
      else
        reduce_columns(op, count, g.inner, columns, from, totals);
      for (std::int64_t j = 0; j < columns; ++j) to[j] = Out(finish(totals[j]));
    }
  });
}

template <class Op, class In, class Out>
void reduce(const Op& op, const ReduceGeometry& g, const In* x, Out* y, Compute<In>* scratch) {
  using R = Compute<In>;
  if (g.chunks() == 1) return reduce_chunks(op, g, x, y, [&](R total) { return op.finish(total); });
  reduce_chunks(op, g, x, scratch, [](R total) { return total; });
  const ReduceGeometry rest = g.of_chunks();
  reduce<Op, R, Out>(op, rest, scratch, y, scratch + rest.outer * rest.reduced * rest.inner);
}

}  // namespace

template <>
template <class Op, class In, class Out>
void Reduce<Cpu>::run(const Exec&, const Op& op, const ReduceGeometry& geometry, const In* x, Out* y, void* scratch) {
  reduce(op, geometry, x, y, static_cast<Compute<In>*>(scratch));
}

[[gnu::used]] constexpr auto kInstances = instantiate_reductions<Cpu>(CpuNumberTypes{});

}  // namespace sluice::kernels

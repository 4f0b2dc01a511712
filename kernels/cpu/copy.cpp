// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/copy.h>

#include <cstdlib>
#include <cstring>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

using Axis = CopyPlan::Axis;

struct Offsets {
  std::int64_t from = 0, to = 0;
};

// Where the items [begin, end) of the outer `axes` of a plan begin, in order: calls body(offsets) for each.
template <class Body>
void for_outer(const CopyPlan& plan, std::size_t axes, std::int64_t begin, std::int64_t end, const Body& body) {
  std::array<std::int64_t, CopyPlan::kMaxAxes> at{};
  Offsets offsets;
  std::int64_t rest = begin;
  for (std::size_t k = axes; k-- > 0;) {
    at[k] = rest % plan.axes[k].extent;
    rest /= plan.axes[k].extent;
    offsets.from += at[k] * plan.axes[k].from;
    offsets.to += at[k] * plan.axes[k].to;
  }
  for (std::int64_t i = begin; i < end; ++i) {
    body(offsets);
    for (std::size_t k = axes; k-- > 0;) {
      const Axis& axis = plan.axes[k];
      offsets.from += axis.from;
      offsets.to += axis.to;
      if (++at[k] < axis.extent) break;
      offsets.from -= axis.from * axis.extent;
      offsets.to -= axis.to * axis.extent;
      at[k] = 0;
    }
  }
}

// Calls line(offsets, count) for pieces of the innermost axis that together are the whole plan, in parallel.
template <class Line>
void for_lines(const CopyPlan& plan, const Line& line) {
  const auto outer = static_cast<std::size_t>(plan.rank - 1);
  const Axis inner = plan.axes[outer];
  parallel_for(plan.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin / inner.extent, last = (end - 1) / inner.extent;
    std::int64_t number = first;
    for_outer(plan, outer, first, last + 1, [&](Offsets offsets) {
      const std::int64_t from = number == first ? begin - first * inner.extent : 0;
      const std::int64_t to = number == last ? end - last * inner.extent : inner.extent;
      ++number;
      line(Offsets{offsets.from + from * inner.from, offsets.to + from * inner.to}, to - from);
    });
  });
}

// Lines of a few vectors are not worth a call.
template <class Word>
void copy_line(std::int64_t count, const Word* x, Word* y) {
  if (count * static_cast<std::int64_t>(sizeof(Word)) > 512)
    std::memcpy(y, x, static_cast<std::size_t>(count) * sizeof(Word));
  else
#pragma omp simd
    for (std::int64_t i = 0; i < count; ++i) y[i] = x[i];
}

template <class Word>
void copy_strided_line(const Axis& inner, std::int64_t count, const Word* x, Word* y) {
  if (inner.from == 1 && inner.to == 1) return copy_line(count, x, y);
  if (inner.from == 0 && inner.to == 1) return void(std::fill_n(y, count, *x));
  if (inner.from == -1 && inner.to == 1)
    for (std::int64_t i = 0; i < count; ++i) y[i] = x[-i];
  else
    for (std::int64_t i = 0; i < count; ++i) y[i * inner.to] = x[i * inner.from];
}

// A square tile of a transposition, whose lines are a cache line long on both sides: each is touched once.
template <class Word>
inline constexpr std::int64_t kTile = 64 / sizeof(Word);

template <class Word>
void transpose_tile(std::int64_t from_stride, std::int64_t to_stride, const Word* x, Word* y) {
  constexpr std::int64_t n = kTile<Word>;
  alignas(64) std::array<Word, n * n> tile;
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = 0; i < n; ++i) tile[static_cast<std::size_t>(i * n + j)] = x[j * from_stride + i];
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = 0; j < n; ++j) y[i * to_stride + j] = tile[static_cast<std::size_t>(i * n + j)];
}

// Rows [begin, end) of `across` (contiguous in x) by all of `along` (contiguous in y).
template <class Word>
void transpose_rows(const Axis& across, const Axis& along, std::int64_t begin, std::int64_t end, const Word* x,
                    Word* y) {
  constexpr std::int64_t n = kTile<Word>;
  for (std::int64_t j = 0; j < along.extent; j += n) {
    if (end - begin == n && along.extent - j >= n) {
      transpose_tile(along.from, across.to, x + begin + j * along.from, y + begin * across.to + j);
      continue;
    }
    const std::int64_t stop = std::min(along.extent, j + n);
    for (std::int64_t i = begin; i < end; ++i)
      for (std::int64_t k = j; k < stop; ++k) y[i * across.to + k] = x[i + k * along.from];
  }
}

template <class Word>
void transpose(CopyPlan plan, int transposed_axis, const Word* x, Word* y) {
  const auto last = static_cast<std::size_t>(plan.rank - 1);
  const Axis along = plan.axes[last], across = plan.axes[static_cast<std::size_t>(transposed_axis)];
  // In its place: the runs of rows that are worked on together.
  constexpr std::int64_t n = kTile<Word>;
  const std::int64_t runs = (across.extent + n - 1) / n;
  std::copy(plan.axes.begin() + transposed_axis + 1, plan.axes.begin() + plan.rank - 1,
            plan.axes.begin() + transposed_axis);
  plan.rank -= 2;
  const std::int64_t items = plan.size() * runs;
  parallel_for(
      items, std::max<std::int64_t>(1, kElementGrain / (n * along.extent)), [&](std::int64_t begin, std::int64_t end) {
        std::int64_t item = begin;
        while (item < end) {
          const std::int64_t first = item % runs, count = std::min(runs - first, end - item);
          for_outer(plan, static_cast<std::size_t>(plan.rank), item / runs, item / runs + 1, [&](Offsets at) {
            for (std::int64_t run = first; run < first + count; ++run)
              transpose_rows(across, along, run * n, std::min(across.extent, (run + 1) * n), x + at.from, y + at.to);
          });
          item += count;
        }
      });
}

template <class Word>
void copy_words(const CopyPlan& plan, const void* from, void* to) {
  const auto* x = static_cast<const Word*>(from);
  auto* y = static_cast<Word*>(to);
  const int transposed_axis = plan.transposed_axis();
  if (transposed_axis >= 0) return transpose(plan, transposed_axis, x, y);
  const Axis inner = plan.axes[static_cast<std::size_t>(plan.rank - 1)];
  for_lines(plan, [&](Offsets at, std::int64_t count) { copy_strided_line(inner, count, x + at.from, y + at.to); });
}

template <class T>
void add_line(const Axis& inner, std::int64_t count, const T* x, T* y) {
  for (std::int64_t i = 0; i < count; ++i)
    y[i * inner.to] = T(static_cast<Master<T>>(y[i * inner.to]) + static_cast<Master<T>>(x[i * inner.from]));
}

}  // namespace
}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
void Copy<Cpu>::strided(const Exec&, const CopyPlan& plan, std::size_t element_bytes, const void* x, void* y) {
  if (plan.size() == 0) return;
  const CopyPlan merged = plan.merged();
  switch (element_bytes) {
    case 1: return copy_words<std::uint8_t>(merged, x, y);
    case 2: return copy_words<std::uint16_t>(merged, x, y);
    case 4: return copy_words<std::uint32_t>(merged, x, y);
    default: return copy_words<std::uint64_t>(merged, x, y);
  }
}

template <>
template <class T>
void Copy<Cpu>::add_strided(const Exec&, const CopyPlan& plan, const T* x, T* y) {
  if (plan.size() == 0) return;
  const CopyPlan merged = plan.merged();
  const Axis inner = merged.axes[static_cast<std::size_t>(merged.rank - 1)];
  for_lines(merged, [&](Offsets at, std::int64_t count) { add_line(inner, count, x + at.from, y + at.to); });
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CpuTypes{}, []<class T>(Type<T>) { return std::tuple(&Copy<Cpu>::add_strided<T>); });

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/index.h>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

std::int64_t row_grain(std::int64_t elements) {
  return std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, elements));
}

// Item j of outer o: places that index[j] names, or index[(o, j, i)] of each i. What is outside of the axis was
// refused.
template <class Word>
void take_rows(const IndexGeometry& g, std::int64_t begin, std::int64_t end, const Word* x, const std::int32_t* index,
               Word* y) {
  for (std::int64_t row = begin; row < end; ++row) {
    const Word* from = x + row / g.count * g.extent * g.inner;
    Word* to = y + row * g.inner;
    if (g.of == IndexOf::rows)
      std::copy_n(from + index[row % g.count] * g.inner, g.inner, to);
    else
      for (std::int64_t i = 0; i < g.inner; ++i) to[i] = from[index[row * g.inner + i] * g.inner + i];
  }
}

template <class Word>
void take_words(const IndexGeometry& g, const void* x, const std::int32_t* index, void* y) {
  parallel_for(g.outer * g.count, row_grain(g.inner), [&](std::int64_t begin, std::int64_t end) {
    take_rows(g, begin, end, static_cast<const Word*>(x), index, static_cast<Word*>(y));
  });
}

// Sums of places [first, last) of one outer index; x, index and sums begin at that outer index.
template <class T>
void add_places(const IndexGeometry& g, std::int64_t first, std::int64_t last, const T* dy, const std::int32_t* index,
                Master<T>* sums) {
  for (std::int64_t j = 0; j < g.count; ++j) {
    const T* from = dy + j * g.inner;
    if (g.of == IndexOf::rows) {
      const std::int64_t place = index[j];
      if (place < first || place >= last) continue;
      Master<T>* to = sums + place * g.inner;
      for (std::int64_t i = 0; i < g.inner; ++i) to[i] += static_cast<Master<T>>(from[i]);
    } else {
      for (std::int64_t i = 0; i < g.inner; ++i) {
        const std::int64_t place = index[j * g.inner + i];
        if (place >= first && place < last) sums[place * g.inner + i] += static_cast<Master<T>>(from[i]);
      }
    }
  }
}

template <class Word>
void fill_where_words(std::int64_t n, std::uint64_t value, const std::uint8_t* mask, const void* x, void* y) {
  const auto* from = static_cast<const Word*>(x);
  auto* to = static_cast<Word*>(y);
  parallel_for(n, kElementGrain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = mask[i] != 0 ? static_cast<Word>(value) : from[i];
  });
}

}  // namespace
}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
void Index<Cpu>::take(const Exec&, const IndexGeometry& g, std::size_t element_bytes, std::uint64_t, const void* x,
                      const std::int32_t* index, void* y) {
  switch (element_bytes) {
    case 1: return take_words<std::uint8_t>(g, x, index, y);
    case 2: return take_words<std::uint16_t>(g, x, index, y);
    case 4: return take_words<std::uint32_t>(g, x, index, y);
    default: return take_words<std::uint64_t>(g, x, index, y);
  }
}

template <>
template <class T>
void Index<Cpu>::add_at(const Exec&, const IndexGeometry& g, const T* dy, const std::int32_t* index, Master<T>* sums) {
  if (g.count == 0 || g.inner == 0) return;
  const std::int64_t work = std::max<std::int64_t>(1, g.count * g.inner / std::max<std::int64_t>(1, g.extent));
  parallel_for(g.outer * g.extent, row_grain(work), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end;) {
      const std::int64_t o = at / g.extent, stop = std::min(end, (o + 1) * g.extent);
      const std::int32_t* own = g.of == IndexOf::rows ? index : index + o * g.count * g.inner;
      add_places(g, at - o * g.extent, stop - o * g.extent, dy + o * g.count * g.inner, own,
                 sums + o * g.extent * g.inner);
      at = stop;
    }
  });
}

template <>
template <class T>
void Index<Cpu>::one_hot(const Exec&, std::int64_t count, std::int64_t classes, const std::int32_t* index, T* y) {
  parallel_for(count, row_grain(classes), [=](std::int64_t begin, std::int64_t end) {
    std::fill_n(y + begin * classes, (end - begin) * classes, T(0.0f));
    for (std::int64_t i = begin; i < end; ++i) y[i * classes + index[i]] = T(1.0f);
  });
}

template <>
void Index<Cpu>::fill_where(const Exec&, std::int64_t n, std::size_t element_bytes, std::uint64_t value,
                            const std::uint8_t* mask, const void* x, void* y) {
  switch (element_bytes) {
    case 1: return fill_where_words<std::uint8_t>(n, value, mask, x, y);
    case 2: return fill_where_words<std::uint16_t>(n, value, mask, x, y);
    case 4: return fill_where_words<std::uint32_t>(n, value, mask, x, y);
    default: return fill_where_words<std::uint64_t>(n, value, mask, x, y);
  }
}

[[gnu::used]] constexpr auto kInstances = instantiate(
    CpuTypes{}, []<class T>(Type<T>) { return std::tuple(&Index<Cpu>::add_at<T>, &Index<Cpu>::one_hot<T>); });

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// Elements taken from places of an axis that indices name: a thread has a pack of a row, or an element. Sums into such
// places: a warp has a part of a place's row and looks for its indices 32 at a time, or a thread has a place of one
// line. What is taken is bound by bytes, what is added by reading the indices once a place.
#include <sluice/kernels/index.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

template <class Integer>
__device__ __forceinline__ bool inside(std::int32_t place, Integer extent) {
  return place >= 0 && static_cast<Integer>(place) < extent;
}

// `inner` in packs.
template <IndexOf of, class Word, int width, class Number>
__global__ void __launch_bounds__(kPackThreads)
    index_take_kernel(Number all, Number count, Number extent, Number inner, Word missing, const Word* x,
                      const std::int32_t* index, Word* y) {
  const Number item = global_thread<Number>();
  if (item >= all) return;
  const Number row = item / inner, i = item - row * inner;
  const Number o = row / count;
  const std::int32_t place = index[of == IndexOf::rows ? row - o * count : item];
  Pack<Word, width> values;
  if (inside(place, extent))
    values = load_pack<Word, width>(
        x, static_cast<std::int64_t>((o * extent + static_cast<Number>(place)) * inner + i) * width);
  else
    UNROLL for (int c = 0; c < width; ++c) values[c] = missing;
  store_pack(y, static_cast<std::int64_t>(item) * width, values);
}

inline constexpr int kAddWarps = 8, kAddLanes = 32;
inline constexpr int kAddKept = 4;  // sums of a lane

// A warp has `kAddLanes * kAddKept` elements of one place's row.
template <class T>
__global__ void __launch_bounds__(kAddWarps* kAddLanes)
    index_add_rows_kernel(IndexGeometry g, std::int64_t parts, const T* dy, const std::int32_t* index, float* sums) {
  const std::int64_t item = std::int64_t{blockIdx.x} * kAddWarps + threadIdx.x / kAddLanes;
  if (item >= g.outer * g.extent * parts) return;
  const int lane = static_cast<int>(threadIdx.x) % kAddLanes;
  const std::int64_t row = item / parts, o = row / g.extent;
  const auto own = static_cast<std::int32_t>(row - o * g.extent);
  const std::int64_t first = (item - row * parts) * (kAddLanes * kAddKept) + lane;
  float kept[kAddKept] = {};
  bool outside = false;
  for (std::int64_t j = 0; j < g.count; j += kAddLanes) {
    const std::int32_t place = j + lane < g.count ? index[j + lane] : 0;
    outside |= !inside(place, g.extent);
    unsigned found = __ballot_sync(0xffffffffu, j + lane < g.count && place == own);
    while (found != 0) {
      const int bit = __ffs(static_cast<int>(found)) - 1;
      found &= found - 1;
      const T* from = dy + (o * g.count + j + bit) * g.inner;
      UNROLL for (int k = 0; k < kAddKept; ++k) if (first + k * kAddLanes < g.inner) kept[k] +=
          to_float(from[first + k * kAddLanes]);
    }
  }
  outside = __ballot_sync(0xffffffffu, outside) != 0;
  UNROLL for (int k = 0; k < kAddKept; ++k) {
    const std::int64_t i = first + k * kAddLanes;
    if (i < g.inner) sums[row * g.inner + i] = outside ? NAN : sums[row * g.inner + i] + kept[k];
  }
}

// A thread has a place of a line along the axis.
template <class T>
__global__ void __launch_bounds__(kPackThreads)
    index_add_elements_kernel(IndexGeometry g, const T* dy, const std::int32_t* index, float* sums) {
  const auto item = global_thread<std::int64_t>();
  if (item >= g.outer * g.extent * g.inner) return;
  const std::int64_t row = item / g.inner, i = item - row * g.inner, o = row / g.extent;
  const auto own = static_cast<std::int32_t>(row - o * g.extent);
  float sum = 0;
  bool outside = false;
  for (std::int64_t j = 0; j < g.count; ++j) {
    const std::int64_t at = (o * g.count + j) * g.inner + i;
    const std::int32_t place = index[at];
    outside |= !inside(place, g.extent);
    if (place == own) sum += to_float(dy[at]);
  }
  sums[item] = outside ? NAN : sums[item] + sum;
}

template <class T>
__global__ void __launch_bounds__(kPackThreads)
    one_hot_kernel(std::int64_t all, std::int64_t classes, const std::int32_t* index, T* y) {
  const auto item = global_thread<std::int64_t>();
  if (item >= all) return;
  const std::int64_t row = item / classes;
  const std::int32_t place = index[row];
  y[item] = from_float<T>(!inside(place, classes) ? NAN : item - row * classes == place ? 1.0f : 0.0f);
}

template <class Word, int width>
__global__ void __launch_bounds__(kPackThreads)
    fill_where_kernel(std::int64_t all, Word value, const std::uint8_t* mask, const Word* x, Word* y) {
  const auto item = global_thread<std::int64_t>();
  if (item >= all) return;
  const auto masked = load_pack<std::uint8_t, width>(mask, item * width);
  auto values = load_pack<Word, width>(x, item * width);
  UNROLL for (int c = 0; c < width; ++c) values[c] = masked[c] != 0 ? value : values[c];
  store_pack(y, item * width, values);
}

template <class Word>
void take_words(const Exec& exec, const IndexGeometry& g, std::uint64_t missing, const void* from,
                const std::int32_t* index, void* to) {
  const auto* x = static_cast<const Word*>(from);
  auto* y = static_cast<Word*>(to);
  const std::int64_t size = g.outer * g.count * g.inner;
  if (size == 0) return;
  const bool rows = g.of == IndexOf::rows;
  with_packs<Word>(
      rows ? g.inner : 1, std::max(size, g.outer * g.extent * g.inner),
      [&]<int width, class Number>(std::integral_constant<int, width>, Number) {
        const std::int64_t all = size / width;
        launch(exec, {"index_take", blocks_for(all, kPackThreads), kPackThreads},
               rows ? index_take_kernel<IndexOf::rows, Word, width, Number>
                    : index_take_kernel<IndexOf::elements, Word, width, Number>,
               all, g.count, g.extent, g.inner / width, static_cast<Word>(missing), x, index, y);
      },
      x, y);
}

template <class Word>
void fill_where_words(const Exec& exec, std::int64_t n, std::uint64_t value, const std::uint8_t* mask, const void* from,
                      void* to) {
  const auto* x = static_cast<const Word*>(from);
  auto* y = static_cast<Word*>(to);
  with_packs<Word>(
      n, n,
      [&]<int width>(std::integral_constant<int, width>, auto) {
        launch(exec, {"fill_where", blocks_for(n / width, kPackThreads), kPackThreads}, fill_where_kernel<Word, width>,
               n / width, static_cast<Word>(value), mask, x, y);
      },
      mask, x, y);
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
void Index<Cuda>::take(const Exec& exec, const IndexGeometry& g, std::size_t element_bytes, std::uint64_t missing,
                       const void* x, const std::int32_t* index, void* y) {
  switch (element_bytes) {
    case 1: return take_words<std::uint8_t>(exec, g, missing, x, index, y);
    case 2: return take_words<std::uint16_t>(exec, g, missing, x, index, y);
    case 4: return take_words<std::uint32_t>(exec, g, missing, x, index, y);
    default: return take_words<std::uint64_t>(exec, g, missing, x, index, y);
  }
}

template <>
template <class T>
void Index<Cuda>::add_at(const Exec& exec, const IndexGeometry& g, const T* dy, const std::int32_t* index,
                         Master<T>* sums) {
  const std::int64_t places = g.outer * g.extent;
  if (places * g.inner * g.count == 0) return;
  if (g.of == IndexOf::elements) {
    launch(exec, {"index_add_elements", blocks_for(places * g.inner, kPackThreads), kPackThreads},
           index_add_elements_kernel<T>, g, dy, index, sums);
  } else {
    const std::int64_t parts = (g.inner + kAddLanes * kAddKept - 1) / (kAddLanes * kAddKept);
    launch(exec, {"index_add_rows", blocks_for(places * parts, kAddWarps), kAddWarps * kAddLanes},
           index_add_rows_kernel<T>, g, parts, dy, index, sums);
  }
}

template <>
template <class T>
void Index<Cuda>::one_hot(const Exec& exec, std::int64_t count, std::int64_t classes, const std::int32_t* index, T* y) {
  if (count * classes == 0) return;
  launch(exec, {"one_hot", blocks_for(count * classes, kPackThreads), kPackThreads}, one_hot_kernel<T>, count * classes,
         classes, index, y);
}

template <>
void Index<Cuda>::fill_where(const Exec& exec, std::int64_t n, std::size_t element_bytes, std::uint64_t value,
                             const std::uint8_t* mask, const void* x, void* y) {
  if (n == 0) return;
  switch (element_bytes) {
    case 1: return fill_where_words<std::uint8_t>(exec, n, value, mask, x, y);
    case 2: return fill_where_words<std::uint16_t>(exec, n, value, mask, x, y);
    case 4: return fill_where_words<std::uint32_t>(exec, n, value, mask, x, y);
    default: return fill_where_words<std::uint64_t>(exec, n, value, mask, x, y);
  }
}

[[gnu::used]] constexpr auto kInstances = instantiate(
    CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&Index<Cuda>::add_at<T>, &Index<Cuda>::one_hot<T>); });

}  // namespace sluice::kernels

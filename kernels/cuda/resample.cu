// SPDX-License-Identifier: Apache-2.0
// Resizing and adaptive pooling: a thread has one pack of channels of one result, or of one element of dx, and gathers,
// in one order, what belongs to it.
#include <sluice/kernels/resample.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

using Span = ResampleAxis::Span;

// Where pack `index` of [N,rows,columns,C] lies, and where others of its image and channels do.
template <class Index, int width>
struct Pixel {
  std::int32_t row, column;
  Index image, channel, channels;

  __device__ __forceinline__ Pixel(Index index, std::int64_t all_channels, std::int32_t rows, std::int32_t columns)
      : channels(static_cast<Index>(all_channels)) {
    const Index packs = channels / width, position = index / packs, line = position / static_cast<Index>(columns);
    channel = (index - position * packs) * width;
    column = static_cast<std::int32_t>(position - line * static_cast<Index>(columns));
    image = line / static_cast<Index>(rows);
    row = static_cast<std::int32_t>(line - image * static_cast<Index>(rows));
  }

  __device__ __forceinline__ std::int64_t element(std::int32_t rows, std::int32_t columns, std::int32_t r,
                                                  std::int32_t s) const {
    const Index line = image * static_cast<Index>(rows) + static_cast<Index>(r);
    return static_cast<std::int64_t>((line * static_cast<Index>(columns) + static_cast<Index>(s)) * channels + channel);
  }
};

template <class T, int width>
__device__ __forceinline__ void store_sum(const Pack<float, width>& sum, T* to, std::int64_t at) {
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(sum[c]);
  store_pack(to, at, result);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    resample_forward_kernel(ResampleGeometry g, Index all, const T* x, T* y) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  const Pixel<Index, width> to(i, g.channels, v.results, h.results);
  const Span rows = v.places(to.row), columns = h.places(to.column);
  Pack<float, width> sum{};
  for (std::int32_t row = rows.first; row < rows.end; ++row) {
    const float of_row = v.weight<float>(to.row, row);
    for (std::int32_t column = columns.first; column < columns.end; ++column) {
      const float weight = of_row * h.weight<float>(to.column, column);
      const auto values = load_pack<T, width>(x, to.element(v.extent, h.extent, row, column));
      UNROLL for (int c = 0; c < width; ++c) sum[c] += weight * to_float(values[c]);
    }
  }
  store_sum<T>(sum, y, static_cast<std::int64_t>(i) * width);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    resample_backward_kernel(ResampleGeometry g, Index all, const T* dy, T* dx) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  const Pixel<Index, width> to(i, g.channels, v.extent, h.extent);
  const Span above = v.results_of(to.row), beside = h.results_of(to.column);
  Pack<float, width> sum{};
  for (std::int32_t p = above.first; p < above.end; ++p) {
    const float of_row = v.weight<float>(p, to.row);
    if (of_row == 0) continue;
    for (std::int32_t q = beside.first; q < beside.end; ++q) {
      const float weight = of_row * h.weight<float>(q, to.column);
      if (weight == 0) continue;
      const auto values = load_pack<T, width>(dy, to.element(v.results, h.results, p, q));
      UNROLL for (int c = 0; c < width; ++c) sum[c] += weight * to_float(values[c]);
    }
  }
  store_sum<T>(sum, dx, static_cast<std::int64_t>(i) * width);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    resample_largest_forward_kernel(ResampleGeometry g, Index all, const T* x, T* y, std::int32_t* index) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  const Pixel<Index, width> to(i, g.channels, v.results, h.results);
  const Span rows = v.places(to.row), columns = h.places(to.column);
  Pack<float, width> largest{};
  std::int32_t where[width] = {};
  bool first = true;
  for (std::int32_t row = rows.first; row < rows.end; ++row)
    for (std::int32_t column = columns.first; column < columns.end; ++column) {
      const auto values = load_pack<T, width>(x, to.element(v.extent, h.extent, row, column));
      UNROLL for (int c = 0; c < width; ++c) {
        const float value = to_float(values[c]);
        const bool take = first || value > largest[c] || value != value;
        largest[c] = take ? value : largest[c];
        where[c] = take ? row * h.extent + column : where[c];
      }
      first = false;
    }
  const std::int64_t at = static_cast<std::int64_t>(i) * width;
  store_sum<T>(largest, y, at);
  if (index != nullptr) UNROLL for (int c = 0; c < width; ++c) index[at + c] = where[c];
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    resample_largest_backward_kernel(ResampleGeometry g, Index all, const std::int32_t* index, const T* dy, T* dx) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  const Pixel<Index, width> to(i, g.channels, v.extent, h.extent);
  const Span above = v.results_of(to.row), beside = h.results_of(to.column);
  const std::int32_t own = to.row * h.extent + to.column;
  Pack<float, width> sum{};
  for (std::int32_t p = above.first; p < above.end; ++p)
    for (std::int32_t q = beside.first; q < beside.end; ++q) {
      const std::int64_t from = to.element(v.results, h.results, p, q);
      const auto values = load_pack<T, width>(dy, from);
      UNROLL for (int c = 0; c < width; ++c) sum[c] += index[from + c] == own ? to_float(values[c]) : 0.0f;
    }
  store_sum<T>(sum, dx, static_cast<std::int64_t>(i) * width);
}

// run(width, index type, number of threads) for the packs of a tensor of `size` elements.
template <class T, class Run, class... Pointers>
void with_pixels(const ResampleGeometry& g, std::int64_t size, const Run& run, const Pointers*... pointers) {
  if (size == 0) return;
  with_packs<T>(
      g.channels, std::max(g.x_size(), g.y_size()),
      [&]<int width, class Index>(std::integral_constant<int, width> chosen, Index index) {
        run(chosen, index, size / width);
      },
      pointers...);
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Resample<Cuda>::forward(const Exec& exec, const ResampleGeometry& g, const T* x, T* y) {
  with_pixels<T>(
      g, g.y_size(),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index, std::int64_t all) {
        launch(exec, {"resample_forward", blocks_for(all, kPackThreads), kPackThreads},
               resample_forward_kernel<T, width, Index>, g, all, x, y);
      },
      x, y);
}

template <>
template <class T>
void Resample<Cuda>::backward(const Exec& exec, const ResampleGeometry& g, const T* dy, T* dx) {
  with_pixels<T>(
      g, g.x_size(),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index, std::int64_t all) {
        launch(exec, {"resample_backward", blocks_for(all, kPackThreads), kPackThreads},
               resample_backward_kernel<T, width, Index>, g, all, dy, dx);
      },
      dy, dx);
}

template <>
template <class T>
void Resample<Cuda>::largest_forward(const Exec& exec, const ResampleGeometry& g, const T* x, T* y,
                                     std::int32_t* index) {
  with_pixels<T>(
      g, g.y_size(),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index, std::int64_t all) {
        launch(exec, {"resample_largest_forward", blocks_for(all, kPackThreads), kPackThreads},
               resample_largest_forward_kernel<T, width, Index>, g, all, x, y, index);
      },
      x, y);
}

template <>
template <class T>
void Resample<Cuda>::largest_backward(const Exec& exec, const ResampleGeometry& g, const std::int32_t* index,
                                      const T* dy, T* dx) {
  with_pixels<T>(
      g, g.x_size(),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index, std::int64_t all) {
        launch(exec, {"resample_largest_backward", blocks_for(all, kPackThreads), kPackThreads},
               resample_largest_backward_kernel<T, width, Index>, g, all, index, dy, dx);
      },
      dy, dx);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Resample<Cuda>::forward<T>, &Resample<Cuda>::backward<T>, &Resample<Cuda>::largest_forward<T>,
                    &Resample<Cuda>::largest_backward<T>);
});

}  // namespace sluice::kernels

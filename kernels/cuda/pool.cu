// SPDX-License-Identifier: Apache-2.0
// Pooling of x [N,H,W,C] to y [N,P,Q,C]: a thread has one pack of channels of one result and gathers, in one order,
// what belongs to it; backward gathers too, over the windows that hold an element. Bound by bytes: forward reads x and
// writes y (and offsets), backward reads dy (and offsets) and writes dx; windows that overlap meet in the caches.
#include <sluice/kernels/pool.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/columns.h>
#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

// Along one axis: windows of `window` at out * stride - pad.
struct Axis {
  int extent, results, window, stride, pad;
};

// The first window that holds `at`, counted from the padding's edge.
__device__ __forceinline__ int first_holder(const Axis& axis, int at) {
  return at < axis.window ? 0 : (at - axis.window) / axis.stride + 1;
}

struct Geometry {
  std::int64_t channels;
  Axis vertical, horizontal;

  explicit Geometry(const PoolGeometry& g)
      : channels(g.channels),
        vertical{static_cast<int>(g.height), static_cast<int>(g.out_height), static_cast<int>(g.window_height),
                 static_cast<int>(g.stride_height), static_cast<int>(g.pad_height)},
        horizontal{static_cast<int>(g.width), static_cast<int>(g.out_width), static_cast<int>(g.window_width),
                   static_cast<int>(g.stride_width), static_cast<int>(g.pad_width)} {}
};

// Where pack `index` of [N, rows, columns, C] lies.
template <class Index>
struct Place {
  int row, column;
  Index image, channel;

  __device__ __forceinline__ Place(Index index, Index packs, int width, int rows, int columns) {
    channel = index % packs * static_cast<Index>(width);
    const Index position = index / packs;
    column = static_cast<int>(position % static_cast<Index>(columns));
    const Index line = position / static_cast<Index>(columns);
    row = static_cast<int>(line % static_cast<Index>(rows));
    image = line / static_cast<Index>(rows);
  }
};

// visit(offset in the window, element of x) for the elements of a window.
template <class Index, class Visit>
__device__ __forceinline__ void for_window(const Geometry& g, const Place<Index>& place, const Visit& visit) {
  const Axis& v = g.vertical;
  const Axis& h = g.horizontal;
  const int top = place.row * v.stride - v.pad, left = place.column * h.stride - h.pad;
  const int end_row = min(v.window, v.extent - top), end_column = min(h.window, h.extent - left);
  for (int r = max(0, -top); r < end_row; ++r) {
    const Index line =
        (place.image * static_cast<Index>(v.extent) + static_cast<Index>(top + r)) * static_cast<Index>(h.extent);
    for (int s = max(0, -left); s < end_column; ++s)
      visit(r * h.window + s, (line + static_cast<Index>(left + s)) * static_cast<Index>(g.channels) + place.channel);
  }
}

// visit(offset in the window, element of y) for the windows that hold an element of x.
template <class Index, class Visit>
__device__ __forceinline__ void for_holders(const Geometry& g, const Place<Index>& place, const Visit& visit) {
  const Axis& v = g.vertical;
  const Axis& h = g.horizontal;
  const int row = place.row + v.pad, column = place.column + h.pad;
  const int end_row = min(v.results, row / v.stride + 1), end_column = min(h.results, column / h.stride + 1);
  for (int p = first_holder(v, row); p < end_row; ++p) {
    const Index line =
        (place.image * static_cast<Index>(v.results) + static_cast<Index>(p)) * static_cast<Index>(h.results);
    const int offset = (row - p * v.stride) * h.window + column;
    for (int q = first_holder(h, column); q < end_column; ++q)
      visit(offset - q * h.stride, (line + static_cast<Index>(q)) * static_cast<Index>(g.channels) + place.channel);
  }
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    max_pool2d_forward_kernel(Geometry g, Index all, const T* x, T* y, std::uint8_t* offsets) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const auto packs = static_cast<Index>(g.channels / width);
  const Place<Index> place(i, packs, width, g.vertical.results, g.horizontal.results);
  Pack<float, width> largest{};
  Pack<std::uint8_t, width> where{};
  bool first = true;
  for_window(g, place, [&](int offset, Index from) {
    const auto values = load_pack<T, width>(x, static_cast<std::int64_t>(from));
    UNROLL for (int c = 0; c < width; ++c) {
      const float value = to_float(values[c]);
      const bool take = first || value > largest[c] || value != value;
      largest[c] = take ? value : largest[c];
      where[c] = take ? static_cast<std::uint8_t>(offset) : where[c];
    }
    first = false;
  });
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(largest[c]);
  const auto to = static_cast<std::int64_t>(i) * width;
  store_pack(y, to, result);
  if (offsets != nullptr) store_pack(offsets, to, where);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    max_pool2d_backward_kernel(Geometry g, Index all, const std::uint8_t* offsets, const T* dy, T* dx) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const auto packs = static_cast<Index>(g.channels / width);
  const Place<Index> place(i, packs, width, g.vertical.extent, g.horizontal.extent);
  Pack<float, width> sum{};
  for_holders(g, place, [&](int offset, Index from) {
    const auto where = load_pack<std::uint8_t, width>(offsets, static_cast<std::int64_t>(from));
    const auto values = load_pack<T, width>(dy, static_cast<std::int64_t>(from));
    UNROLL for (int c = 0; c < width; ++c) sum[c] += where[c] == offset ? to_float(values[c]) : 0.0f;
  });
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(sum[c]);
  store_pack(dx, static_cast<std::int64_t>(i) * width, result);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    avg_pool2d_forward_kernel(Geometry g, Index all, float share, const T* x, T* y) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const auto packs = static_cast<Index>(g.channels / width);
  const Place<Index> place(i, packs, width, g.vertical.results, g.horizontal.results);
  Pack<float, width> sum{};
  for_window(g, place, [&](int, Index from) {
    const auto values = load_pack<T, width>(x, static_cast<std::int64_t>(from));
    UNROLL for (int c = 0; c < width; ++c) sum[c] += to_float(values[c]);
  });
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(share * sum[c]);
  store_pack(y, static_cast<std::int64_t>(i) * width, result);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads, 4)
    avg_pool2d_backward_kernel(Geometry g, Index all, float share, const T* dy, T* dx) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const auto packs = static_cast<Index>(g.channels / width);
  const Place<Index> place(i, packs, width, g.vertical.extent, g.horizontal.extent);
  Pack<float, width> sum{};
  for_holders(g, place, [&](int, Index from) {
    const auto values = load_pack<T, width>(dy, static_cast<std::int64_t>(from));
    UNROLL for (int c = 0; c < width; ++c) sum[c] += to_float(values[c]);
  });
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(share * sum[c]);
  store_pack(dx, static_cast<std::int64_t>(i) * width, result);
}

// A block has one image and `across` packs of channels; its threads below each other share the positions.
template <class T, int width>
__global__ void __launch_bounds__(kColumnThreads)
    global_average_pool_forward_kernel(int across, std::int64_t positions, std::int64_t channels, const T* x, T* y) {
  SHARED(partial, float[width][kColumnThreads]);
  const int below = static_cast<int>(threadIdx.x) / across, step = kColumnThreads / across;
  const std::int64_t channel =
      (std::int64_t{blockIdx.y} * across + (static_cast<int>(threadIdx.x) & (across - 1))) * width;
  const T* image = x + blockIdx.x * positions * channels;
  Pack<float, width> sum{};
  if (channel < channels)
    for (std::int64_t at = below; at < positions; at += step) {
      const auto values = load_pack<T, width>(image, at * channels + channel);
      UNROLL for (int c = 0; c < width; ++c) sum[c] += to_float(values[c]);
    }
  UNROLL for (int c = 0; c < width; ++c) partial[c][threadIdx.x] = sum[c];
  for (int half = step / 2; half > 0; half /= 2) {
    __syncthreads();
    if (below < half)
      UNROLL for (int c = 0; c < width; ++c) partial[c][threadIdx.x] +=
          partial[c][static_cast<int>(threadIdx.x) + half * across];
  }
  if (below > 0 || channel >= channels) return;
  const float share = 1.0f / static_cast<float>(positions);
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(share * partial[c][threadIdx.x]);
  store_pack(y, blockIdx.x * channels + channel, result);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    global_average_pool_backward_kernel(Index all, Index positions, Index packs, float share, const T* dy, T* dx) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const Index image = i / (positions * packs);
  const auto values = load_pack<T, width>(dy, static_cast<std::int64_t>(image * packs + i % packs) * width);
  Pack<T, width> result;
  UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(share * to_float(values[c]));
  store_pack(dx, static_cast<std::int64_t>(i) * width, result);
}

std::int64_t x_size(const PoolGeometry& g) { return g.batch * g.height * g.width * g.channels; }
std::int64_t y_size(const PoolGeometry& g) { return g.batch * g.out_height * g.out_width * g.channels; }
float share_of(const PoolGeometry& g) { return 1.0f / static_cast<float>(g.window_height * g.window_width); }

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void MaxPool2d<Cuda>::forward(const Exec& exec, const PoolGeometry& g, const T* x, T* y, std::uint8_t* offsets) {
  if (y_size(g) == 0) return;
  with_packs<T>(
      g.channels, std::max(x_size(g), y_size(g)),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = y_size(g) / width;
        launch(exec, {"max_pool2d_forward", blocks_for(all, kPackThreads), kPackThreads},
               max_pool2d_forward_kernel<T, width, Index>, Geometry(g), all, x, y, offsets);
      },
      x, y, offsets);
}

template <>
template <class T>
void MaxPool2d<Cuda>::backward(const Exec& exec, const PoolGeometry& g, const std::uint8_t* offsets, const T* dy,
                               T* dx) {
  if (x_size(g) == 0) return;
  with_packs<T>(
      g.channels, std::max(x_size(g), y_size(g)),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = x_size(g) / width;
        launch(exec, {"max_pool2d_backward", blocks_for(all, kPackThreads), kPackThreads},
               max_pool2d_backward_kernel<T, width, Index>, Geometry(g), all, offsets, dy, dx);
      },
      offsets, dy, dx);
}

template <>
template <class T>
void AvgPool2d<Cuda>::forward(const Exec& exec, const PoolGeometry& g, const T* x, T* y) {
  if (y_size(g) == 0) return;
  with_packs<T>(
      g.channels, std::max(x_size(g), y_size(g)),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = y_size(g) / width;
        launch(exec, {"avg_pool2d_forward", blocks_for(all, kPackThreads), kPackThreads},
               avg_pool2d_forward_kernel<T, width, Index>, Geometry(g), all, share_of(g), x, y);
      },
      x, y);
}

template <>
template <class T>
void AvgPool2d<Cuda>::backward(const Exec& exec, const PoolGeometry& g, const T* dy, T* dx) {
  if (x_size(g) == 0) return;
  with_packs<T>(
      g.channels, std::max(x_size(g), y_size(g)),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = x_size(g) / width;
        launch(exec, {"avg_pool2d_backward", blocks_for(all, kPackThreads), kPackThreads},
               avg_pool2d_backward_kernel<T, width, Index>, Geometry(g), all, share_of(g), dy, dx);
      },
      dy, dx);
}

template <>
template <class T>
void GlobalAveragePool<Cuda>::forward(const Exec& exec, std::int64_t batch, std::int64_t positions,
                                      std::int64_t channels, const T* x, T* y) {
  if (batch == 0) return;
  with_packs<T>(
      channels, batch * positions * channels,
      [&]<int width>(std::integral_constant<int, width>, auto) {
        int across = 1;
        while (across < channels / width && across < 32) across *= 2;
        launch(exec,
               {"global_average_pool_forward",
                dim3(static_cast<unsigned>(batch), blocks_for(channels, std::int64_t{across} * width)), kColumnThreads},
               global_average_pool_forward_kernel<T, width>, across, positions, channels, x, y);
      },
      x, y);
}

template <>
template <class T>
void GlobalAveragePool<Cuda>::backward(const Exec& exec, std::int64_t batch, std::int64_t positions,
                                       std::int64_t channels, const T* dy, T* dx) {
  if (batch == 0) return;
  const float share = 1.0f / static_cast<float>(positions);
  with_packs<T>(
      channels, batch * positions * channels,
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t packs = channels / width, all = batch * positions * packs;
        launch(exec, {"global_average_pool_backward", blocks_for(all, kPackThreads), kPackThreads},
               global_average_pool_backward_kernel<T, width, Index>, all, positions, packs, share, dy, dx);
      },
      dy, dx);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&MaxPool2d<Cuda>::forward<T>, &MaxPool2d<Cuda>::backward<T>, &AvgPool2d<Cuda>::forward<T>,
                    &AvgPool2d<Cuda>::backward<T>, &GlobalAveragePool<Cuda>::forward<T>,
                    &GlobalAveragePool<Cuda>::backward<T>);
});

}  // namespace sluice::kernels

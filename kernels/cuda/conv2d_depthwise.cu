// SPDX-License-Identifier: Apache-2.0
// Convolution with a filter for each channel by itself (C = K = groups). A thread has one pack of channels of a few
// results side by side, so that what it loads of the weight serves all of them. Bound by bytes: forward reads x and
// writes y, backward_input reads dy and writes dx; backward_weight reads both once for each row of a filter.
#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_window.h>

namespace sluice::kernels::cuda {
namespace {

// Taps of a row of the filter that a thread sums at once.
constexpr int kTaps = 4;

template <int width>
__device__ __forceinline__ Pack<float, width> weights_at(const Window& g, const float* weight, std::int32_t channel,
                                                         std::int32_t r, std::int32_t s) {
  Pack<float, width> values;
  const std::int32_t taps = g.vertical.taps * g.horizontal.taps;
  UNROLL for (int c = 0; c < width; ++c) values[c] = __ldg(weight + (channel + c) * taps + r * g.horizontal.taps + s);
  return values;
}

// sums[j] += weights * the pack of `from` at column columns(j) of the given row, where there is one (not below 0).
template <class T, int width, class Columns>
__device__ __forceinline__ void add_taps(const Pack<float, width>& weights, const T* from, std::int64_t line,
                                         std::int32_t extent, std::int32_t channels, std::int32_t channel,
                                         const Columns& columns, Pack<float, width> (&sums)[kResultsOfThread]) {
  UNROLL for (int j = 0; j < kResultsOfThread; ++j) {
    const std::int32_t column = columns(j);
    if (column < 0) continue;
    const auto values = load_pack<T, width>(from, (line * extent + column) * channels + channel);
    UNROLL for (int c = 0; c < width; ++c) sums[j][c] += weights[c] * to_float(values[c]);
  }
}

template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_forward_depthwise_kernel(Window g, std::uint32_t all, const T* x, const float* weight, const float* bias,
                                    T* y) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const WindowAxis &v = g.vertical, &h = g.horizontal;
  const WindowPlace<width> to(i, g.in_channels, v.results, h.results);
  Pack<float, width> sums[kResultsOfThread] = {};
  if (bias != nullptr)
    UNROLL for (int j = 0; j < kResultsOfThread; ++j) UNROLL for (int c = 0; c < width; ++c) sums[j][c] =
        bias[to.channel + c];
  for (std::int32_t r = 0; r < v.taps; ++r) {
    const std::int32_t row = v.position(to.row, r);
    if (!v.has(row)) continue;
    const std::int64_t line = std::int64_t{to.image} * v.extent + row;
    for (std::int32_t s = 0; s < h.taps; ++s)
      add_taps<T, width>(
          weights_at<width>(g, weight, to.channel, r, s), x, line, h.extent, g.in_channels, to.channel,
          [&](int j) { return h.place_of(to.column + j, s); }, sums);
  }
  store_results<T, width>(sums, std::int64_t{to.image} * v.results + to.row, h.results, to, g.in_channels, y);
}

template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_backward_input_depthwise_kernel(Window g, std::uint32_t all, const float* weight, const T* dy, T* dx) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const WindowAxis &v = g.vertical, &h = g.horizontal;
  const WindowPlace<width> to(i, g.in_channels, v.extent, h.extent);
  Pack<float, width> sums[kResultsOfThread] = {};
  for (std::int32_t r = 0; r < v.taps; ++r) {
    const std::int32_t p = v.result_of(to.row, r);
    if (p < 0) continue;
    const std::int64_t line = std::int64_t{to.image} * v.results + p;
    for (std::int32_t s = 0; s < h.taps; ++s)
      add_taps<T, width>(
          weights_at<width>(g, weight, to.channel, r, s), dy, line, h.results, g.in_channels, to.channel,
          [&](int j) { return h.result_of(to.column + j, s); }, sums);
  }
  store_results<T, width>(sums, std::int64_t{to.image} * v.extent + to.row, h.extent, to, g.in_channels, dx);
}

// Block (x, y, z) sums, over `lines` lines of y from line y * lines on, up to kTaps taps of one row of the filters of
// `across` packs of channels; its threads below each other share the columns. partial [gridDim.y,C,R,S].
template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_backward_weight_depthwise_kernel(Window g, int across, std::int32_t lines, const T* x, const T* dy,
                                            float* partial) {
  SHARED(shared, float[kTaps][width][kPackThreads]);
  const WindowAxis &v = g.vertical, &h = g.horizontal;
  const int below = static_cast<int>(threadIdx.x) / across, step = kPackThreads / across;
  const auto channel =
      (static_cast<std::int32_t>(blockIdx.x) * across + static_cast<std::int32_t>(threadIdx.x) % across) * width;
  const std::int32_t chunks = (h.taps + kTaps - 1) / kTaps;
  const std::int32_t r = static_cast<std::int32_t>(blockIdx.z) / chunks;
  const std::int32_t first_tap = static_cast<std::int32_t>(blockIdx.z) % chunks * kTaps;
  const std::int32_t begin = static_cast<std::int32_t>(blockIdx.y) * lines, end = min(begin + lines, g.lines);
  Pack<float, width> sums[kTaps] = {};
  if (channel < g.in_channels)
    for (std::int32_t line = begin; line < end; ++line) {
      const std::int32_t row = v.position(line % v.results, r);
      if (!v.has(row)) continue;
      const std::int64_t image_line = std::int64_t{line / v.results} * v.extent + row;
      for (std::int32_t q = below; q < h.results; q += step) {
        const auto d = load_pack<T, width>(dy, (std::int64_t{line} * h.results + q) * g.in_channels + channel);
        UNROLL for (int t = 0; t < kTaps; ++t) {
          const std::int32_t column = h.position(q, first_tap + t);
          if (first_tap + t >= h.taps || !h.has(column)) continue;
          const auto values = load_pack<T, width>(x, (image_line * h.extent + column) * g.in_channels + channel);
          UNROLL for (int c = 0; c < width; ++c) sums[t][c] += to_float(values[c]) * to_float(d[c]);
        }
      }
    }
  UNROLL for (int t = 0; t < kTaps; ++t) UNROLL for (int c = 0; c < width; ++c) shared[t][c][threadIdx.x] = sums[t][c];
  for (int half = step / 2; half > 0; half /= 2) {
    __syncthreads();
    if (below < half)
      UNROLL for (int t = 0; t < kTaps; ++t) UNROLL for (int c = 0; c < width; ++c) shared[t][c][threadIdx.x] +=
          shared[t][c][static_cast<int>(threadIdx.x) + half * across];
  }
  if (below > 0 || channel >= g.in_channels) return;
  float* to = partial + std::int64_t{blockIdx.y} * g.in_channels * v.taps * h.taps;
  UNROLL for (int t = 0; t < kTaps; ++t) if (first_tap + t < h.taps) UNROLL for (int c = 0; c < width; ++c)
      to[((channel + c) * v.taps + r) * h.taps + first_tap + t] = shared[t][c][threadIdx.x];
}

WeightSplit split_of(const Conv2dShape& s) { return {s, 256}; }

std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  return pass == Conv2dPass::backward_weight ? split_of(shape).scratch_bytes(shape) : 0;
}

template <class T>
void backward_weight(const Exec& exec, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const WeightSplit split = split_of(shape);
  auto* partial = static_cast<float*>(scratch);
  with_packs<T>(
      shape.in_channels, 0,
      [&]<int width>(std::integral_constant<int, width>, auto) {
        const std::int64_t packs = shape.in_channels / width;
        int across = 1;
        while (across < packs && across < 32) across *= 2;
        const std::int64_t taps = shape.kernel_height * ((shape.kernel_width + kTaps - 1) / kTaps);
        launch(exec,
               {"conv2d_backward_weight_depthwise",
                dim3(blocks_for(packs, across), static_cast<unsigned>(split.parts), static_cast<unsigned>(taps)),
                kPackThreads},
               conv2d_backward_weight_depthwise_kernel<T, width>, Window(shape), across,
               static_cast<std::int32_t>(split.lines), operands.x, operands.y, partial);
      },
      operands.x, operands.y);
  split.finish(exec, shape, operands, scratch);
}

template <class T>
void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& s, const Conv2dOperands<T>& operands, void* scratch) {
  if (pass == Conv2dPass::backward_weight) return backward_weight(exec, s, operands, scratch);
  with_packs<T>(
      s.in_channels, 0,
      [&]<int width>(std::integral_constant<int, width>, auto) {
        const std::int64_t all = WindowPlace<width>::count(s, pass);
        const unsigned blocks = blocks_for(all, kPackThreads);
        if (pass == Conv2dPass::forward)
          launch(exec, {"conv2d_forward_depthwise", blocks, kPackThreads}, conv2d_forward_depthwise_kernel<T, width>,
                 Window(s), all, operands.x, operands.weight, operands.bias, operands.y);
        else
          launch(exec, {"conv2d_backward_input_depthwise", blocks, kPackThreads},
                 conv2d_backward_input_depthwise_kernel<T, width>, Window(s), all, operands.weight, operands.y,
                 operands.x);
      },
      operands.x, operands.y);
}

bool supports(Conv2dPass, const Conv2dShape& s) {
  return s.window.groups > 1 && s.in_channels == s.window.groups && s.out_channels == s.window.groups &&
         Window::fits(s);
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_depthwise() {
  return {"depthwise", supports, scratch_bytes, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_depthwise<T>); });

}  // namespace sluice::kernels::cuda

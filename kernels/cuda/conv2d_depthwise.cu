// SPDX-License-Identifier: Apache-2.0
// Convolution with a filter for each channel by itself (C = K = groups). A thread has one pack of channels of a few
// results side by side, so that what it loads of the weight serves all of them. Bound by bytes: forward reads x and
// writes y, backward_input reads dy and writes dx; backward_weight reads both once for each row of a filter.
#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/packs.h>
#include <sluice/kernels/cuda/sum_rows.h>

namespace sluice::kernels::cuda {
namespace {

// Results side by side that a thread has; taps of a row of the filter that it sums at once.
constexpr int kEach = 4, kTaps = 4;

// Along one axis: tap t of result p lies at p * stride + t * dilation - padding.
struct Axis {
  std::int32_t extent, results, taps, stride, padding, dilation;

  __device__ __forceinline__ std::int32_t position(std::int32_t result, std::int32_t tap) const {
    return result * stride + tap * dilation - padding;
  }
  __device__ __forceinline__ bool has(std::int32_t position) const { return position >= 0 && position < extent; }
  // The result whose tap `tap` is at `position`, or -1.
  __device__ __forceinline__ std::int32_t result_of(std::int32_t position, std::int32_t tap) const {
    const std::int32_t down = position + padding - tap * dilation;
    return down >= 0 && down % stride == 0 && down / stride < results ? down / stride : -1;
  }
};

struct Geometry {
  std::int32_t channels, lines;  // C and N * P
  Axis vertical, horizontal;

  explicit Geometry(const Conv2dShape& s)
      : channels(static_cast<std::int32_t>(s.in_channels)),
        lines(static_cast<std::int32_t>(s.batch * s.out_height)),
        vertical{axis(s.height, s.out_height, s.kernel_height, s.window.stride_height, s.window.padding_height,
                      s.window.dilation_height)},
        horizontal{axis(s.width, s.out_width, s.kernel_width, s.window.stride_width, s.window.padding_width,
                        s.window.dilation_width)} {}

 private:
  template <class... N>
  static Axis axis(N... numbers) {
    return {static_cast<std::int32_t>(numbers)...};
  }
};

// Of [images,rows,columns,C]: a pack of channels of kEach columns.
template <int width>
struct Place {
  std::int32_t image, row, column, channel;

  __device__ __forceinline__ Place(std::uint32_t index, std::int32_t channels, std::int32_t rows,
                                   std::int32_t columns) {
    const auto packs = static_cast<std::uint32_t>(channels / width);
    const auto across = static_cast<std::uint32_t>((columns + kEach - 1) / kEach);
    const std::uint32_t position = index / packs, line = position / across;
    channel = static_cast<std::int32_t>(index - position * packs) * width;
    column = static_cast<std::int32_t>(position - line * across) * kEach;
    image = static_cast<std::int32_t>(line / static_cast<std::uint32_t>(rows));
    row = static_cast<std::int32_t>(line) - image * rows;
  }
};

template <int width>
__device__ __forceinline__ Pack<float, width> weights_at(const Geometry& g, const float* weight, std::int32_t channel,
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
                                         const Columns& columns, Pack<float, width> (&sums)[kEach]) {
  UNROLL for (int j = 0; j < kEach; ++j) {
    const std::int32_t column = columns(j);
    if (column < 0) continue;
    const auto values = load_pack<T, width>(from, (line * extent + column) * channels + channel);
    UNROLL for (int c = 0; c < width; ++c) sums[j][c] += weights[c] * to_float(values[c]);
  }
}

template <class T, int width>
__device__ __forceinline__ void store_sums(const Pack<float, width> (&sums)[kEach], std::int64_t line,
                                           std::int32_t extent, const Place<width>& place, std::int32_t channels,
                                           T* to) {
  UNROLL for (int j = 0; j < kEach; ++j) {
    if (place.column + j >= extent) continue;
    Pack<T, width> result;
    UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(sums[j][c]);
    store_pack(to, (line * extent + place.column + j) * channels + place.channel, result);
  }
}

template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_forward_depthwise_kernel(Geometry g, std::uint32_t all, const T* x, const float* weight, const float* bias,
                                    T* y) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const Axis &v = g.vertical, &h = g.horizontal;
  const Place<width> to(i, g.channels, v.results, h.results);
  Pack<float, width> sums[kEach] = {};
  if (bias != nullptr)
    UNROLL for (int j = 0; j < kEach; ++j) UNROLL for (int c = 0; c < width; ++c) sums[j][c] = bias[to.channel + c];
  for (std::int32_t r = 0; r < v.taps; ++r) {
    const std::int32_t row = v.position(to.row, r);
    if (!v.has(row)) continue;
    const std::int64_t line = std::int64_t{to.image} * v.extent + row;
    for (std::int32_t s = 0; s < h.taps; ++s)
      add_taps<T, width>(
          weights_at<width>(g, weight, to.channel, r, s), x, line, h.extent, g.channels, to.channel,
          [&](int j) {
            const std::int32_t column = h.position(to.column + j, s);
            return to.column + j < h.results && h.has(column) ? column : -1;
          },
          sums);
  }
  store_sums<T, width>(sums, std::int64_t{to.image} * v.results + to.row, h.results, to, g.channels, y);
}

template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_backward_input_depthwise_kernel(Geometry g, std::uint32_t all, const float* weight, const T* dy, T* dx) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const Axis &v = g.vertical, &h = g.horizontal;
  const Place<width> to(i, g.channels, v.extent, h.extent);
  Pack<float, width> sums[kEach] = {};
  for (std::int32_t r = 0; r < v.taps; ++r) {
    const std::int32_t p = v.result_of(to.row, r);
    if (p < 0) continue;
    const std::int64_t line = std::int64_t{to.image} * v.results + p;
    for (std::int32_t s = 0; s < h.taps; ++s)
      add_taps<T, width>(
          weights_at<width>(g, weight, to.channel, r, s), dy, line, h.results, g.channels, to.channel,
          [&](int j) { return to.column + j < h.extent ? h.result_of(to.column + j, s) : -1; }, sums);
  }
  store_sums<T, width>(sums, std::int64_t{to.image} * v.extent + to.row, h.extent, to, g.channels, dx);
}

// Block (x, y, z) sums, over `lines` lines of y from line y * lines on, up to kTaps taps of one row of the filters of
// `across` packs of channels; its threads below each other share the columns. partial [gridDim.y,C,R,S].
template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_backward_weight_depthwise_kernel(Geometry g, int across, std::int32_t lines, const T* x, const T* dy,
                                            float* partial) {
  SHARED(shared, float[kTaps][width][kPackThreads]);
  const Axis &v = g.vertical, &h = g.horizontal;
  const int below = static_cast<int>(threadIdx.x) / across, step = kPackThreads / across;
  const auto channel =
      (static_cast<std::int32_t>(blockIdx.x) * across + static_cast<std::int32_t>(threadIdx.x) % across) * width;
  const std::int32_t chunks = (h.taps + kTaps - 1) / kTaps;
  const std::int32_t r = static_cast<std::int32_t>(blockIdx.z) / chunks;
  const std::int32_t first_tap = static_cast<std::int32_t>(blockIdx.z) % chunks * kTaps;
  const std::int32_t begin = static_cast<std::int32_t>(blockIdx.y) * lines, end = min(begin + lines, g.lines);
  Pack<float, width> sums[kTaps] = {};
  if (channel < g.channels)
    for (std::int32_t line = begin; line < end; ++line) {
      const std::int32_t row = v.position(line % v.results, r);
      if (!v.has(row)) continue;
      const std::int64_t image_line = std::int64_t{line / v.results} * v.extent + row;
      for (std::int32_t q = below; q < h.results; q += step) {
        const auto d = load_pack<T, width>(dy, (std::int64_t{line} * h.results + q) * g.channels + channel);
        UNROLL for (int t = 0; t < kTaps; ++t) {
          const std::int32_t column = h.position(q, first_tap + t);
          if (first_tap + t >= h.taps || !h.has(column)) continue;
          const auto values = load_pack<T, width>(x, (image_line * h.extent + column) * g.channels + channel);
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
  if (below > 0 || channel >= g.channels) return;
  float* to = partial + std::int64_t{blockIdx.y} * g.channels * v.taps * h.taps;
  UNROLL for (int t = 0; t < kTaps; ++t) if (first_tap + t < h.taps) UNROLL for (int c = 0; c < width; ++c)
      to[((channel + c) * v.taps + r) * h.taps + first_tap + t] = shared[t][c][threadIdx.x];
}

// How backward_weight is split: enough blocks for a GPU, in runs of whole lines.
struct Split {
  std::int64_t lines, parts;

  explicit Split(const Conv2dShape& s) {
    const std::int64_t all = s.batch * s.out_height, wanted = std::min<std::int64_t>(all, 256);
    lines = (all + wanted - 1) / wanted;
    parts = (all + lines - 1) / lines;
  }
};

std::size_t partial_bytes(const Conv2dShape& shape) {
  return static_cast<std::size_t>(Split(shape).parts * shape.weight_size()) * sizeof(float);
}

std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  if (pass != Conv2dPass::backward_weight) return 0;
  const std::int64_t rows = shape.batch * shape.out_height * shape.out_width;
  return partial_bytes(shape) + std::max(sum_rows_scratch_bytes(Split(shape).parts, shape.weight_size()),
                                         sum_rows_scratch_bytes(rows, shape.out_channels));
}

template <class T>
void backward_weight(const Exec& exec, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const Split split(shape);
  auto* partial = static_cast<float*>(scratch);
  void* rest = static_cast<std::byte*>(scratch) + partial_bytes(shape);
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
               conv2d_backward_weight_depthwise_kernel<T, width>, Geometry(shape), across,
               static_cast<std::int32_t>(split.lines), operands.x, operands.y, partial);
      },
      operands.x, operands.y);
  sum_rows<float>(exec, split.parts, shape.weight_size(), partial, operands.weight, rest);
  if (operands.bias != nullptr)
    sum_rows<T>(exec, shape.batch * shape.out_height * shape.out_width, shape.out_channels, operands.y, operands.bias,
                rest);
}

template <class T>
void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& s, const Conv2dOperands<T>& operands, void* scratch) {
  if (pass == Conv2dPass::backward_weight) return backward_weight(exec, s, operands, scratch);
  const bool forward = pass == Conv2dPass::forward;
  const std::int64_t lines = s.batch * (forward ? s.out_height : s.height);
  const std::int64_t across = ((forward ? s.out_width : s.width) + kEach - 1) / kEach;
  with_packs<T>(
      s.in_channels, 0,
      [&]<int width>(std::integral_constant<int, width>, auto) {
        const std::int64_t all = lines * across * (s.in_channels / width);
        const unsigned blocks = blocks_for(all, kPackThreads);
        if (forward)
          launch(exec, {"conv2d_forward_depthwise", blocks, kPackThreads}, conv2d_forward_depthwise_kernel<T, width>,
                 Geometry(s), all, operands.x, operands.weight, operands.bias, operands.y);
        else
          launch(exec, {"conv2d_backward_input_depthwise", blocks, kPackThreads},
                 conv2d_backward_input_depthwise_kernel<T, width>, Geometry(s), all, operands.weight, operands.y,
                 operands.x);
      },
      operands.x, operands.y);
}

// Numbers of elements, positions and taps stay in 31 bits.
bool supports(Conv2dPass, const Conv2dShape& s) {
  constexpr std::int64_t most = 1 << 30;
  return s.in_channels == s.window.groups && s.out_channels == s.window.groups &&
         std::max(s.x_size(), s.y_size()) < most && s.weight_size() < most && s.batch * s.out_height > 0 &&
         s.height + 2 * s.window.padding_height < most && s.width + 2 * s.window.padding_width < most &&
         s.kernel_height * s.kernel_width < 65536;
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_depthwise() {
  return {"depthwise", supports, scratch_bytes, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_depthwise<T>); });

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Convolution in groups of a multiple of four channels in and out: a thread sums four channels of four results side by
// side, so that eight loads of four numbers each serve 64 multiplications; what neighboring threads share comes from
// the caches.
#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_window.h>

namespace sluice::kernels::cuda {
namespace {

// Channels of a thread, in and out.
constexpr int kChannels = 4;

using Sums = Pack<float, kChannels>[kResultsOfThread];

// y [N,P,Q,K] of x [N,H,W,C].
template <class T>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_forward_grouped_kernel(Window g, std::uint32_t all, const T* x, const float* weight, const float* bias,
                                  T* y) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const WindowAxis &v = g.vertical, &h = g.horizontal;
  const WindowPlace<kChannels> to(i, g.out_channels, v.results, h.results);
  const std::int32_t first_channel = to.channel / g.out_group * g.in_group, taps = v.taps * h.taps;
  Sums sums = {};
  if (bias != nullptr)
    UNROLL for (int j = 0; j < kResultsOfThread; ++j) UNROLL for (int k = 0; k < kChannels; ++k) sums[j][k] =
        bias[to.channel + k];
  for (std::int32_t tap = 0; tap < taps; ++tap) {
    const std::int32_t r = tap / h.taps, s = tap - r * h.taps, row = v.position(to.row, r);
    if (!v.has(row)) continue;
    const std::int64_t line = std::int64_t{to.image} * v.extent + row;
    for (std::int32_t c = 0; c < g.in_group; c += kChannels) {
      Pack<float, kChannels> weights[kChannels];
      UNROLL for (int k = 0; k < kChannels; ++k) weights[k] =
          load_pack<float, kChannels>(weight, ((to.channel + k) * taps + tap) * g.in_group + c);
      UNROLL for (int j = 0; j < kResultsOfThread; ++j) {
        const std::int32_t column = h.place_of(to.column + j, s);
        if (column < 0) continue;
        const auto values = load_pack<T, kChannels>(x, (line * h.extent + column) * g.in_channels + first_channel + c);
        UNROLL for (int k = 0; k < kChannels; ++k) UNROLL for (int m = 0; m < kChannels; ++m) sums[j][k] +=
            weights[k][m] * to_float(values[m]);
      }
    }
  }
  store_results<T, kChannels>(sums, std::int64_t{to.image} * v.results + to.row, h.results, to, g.out_channels, y);
}

// dx [N,H,W,C] of dy [N,P,Q,K].
template <class T>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_backward_input_grouped_kernel(Window g, std::uint32_t all, const float* weight, const T* dy, T* dx) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const WindowAxis &v = g.vertical, &h = g.horizontal;
  const WindowPlace<kChannels> to(i, g.in_channels, v.extent, h.extent);
  const std::int32_t group = to.channel / g.in_group, taps = v.taps * h.taps;
  const std::int32_t first_k = group * g.out_group, c = to.channel - group * g.in_group;
  Sums sums = {};
  for (std::int32_t tap = 0; tap < taps; ++tap) {
    const std::int32_t r = tap / h.taps, s = tap - r * h.taps, p = v.result_of(to.row, r);
    if (p < 0) continue;
    const std::int64_t line = std::int64_t{to.image} * v.results + p;
    for (std::int32_t k = first_k; k < first_k + g.out_group; k += kChannels) {
      Pack<float, kChannels> weights[kChannels];
      UNROLL for (int m = 0; m < kChannels; ++m) weights[m] =
          load_pack<float, kChannels>(weight, ((k + m) * taps + tap) * g.in_group + c);
      UNROLL for (int j = 0; j < kResultsOfThread; ++j) {
        const std::int32_t q = h.result_of(to.column + j, s);
        if (q < 0) continue;
        const auto values = load_pack<T, kChannels>(dy, (line * h.results + q) * g.out_channels + k);
        UNROLL for (int m = 0; m < kChannels; ++m) UNROLL for (int n = 0; n < kChannels; ++n) sums[j][n] +=
            weights[m][n] * to_float(values[m]);
      }
    }
  }
  store_results<T, kChannels>(sums, std::int64_t{to.image} * v.extent + to.row, h.extent, to, g.in_channels, dx);
}

// Four filters by four of their channels at one tap, summed over `lines` lines of y from line blockIdx.y * lines on:
// partial [gridDim.y,K,R,S,C/groups].
template <class T>
__global__ void __launch_bounds__(kPackThreads)
    conv2d_backward_weight_grouped_kernel(Window g, std::uint32_t all, std::int32_t lines, const T* x, const T* dy,
                                          float* partial) {
  const auto i = global_thread<std::uint32_t>();
  if (i >= all) return;
  const WindowAxis &v = g.vertical, &h = g.horizontal;
  // Neighboring threads have neighboring channels, then filters.
  const auto packs = static_cast<std::uint32_t>(g.in_group / kChannels);
  const auto filters = static_cast<std::uint32_t>(g.out_channels / kChannels);
  const auto c = static_cast<std::int32_t>(i % packs) * kChannels;
  const auto k = static_cast<std::int32_t>(i / packs % filters) * kChannels;
  const auto tap = static_cast<std::int32_t>(i / packs / filters);
  const std::int32_t r = tap / h.taps, s = tap - r * h.taps, channel = k / g.out_group * g.in_group + c;
  const std::int32_t begin = static_cast<std::int32_t>(blockIdx.y) * lines, end = min(begin + lines, g.lines);
  Pack<float, kChannels> sums[kChannels] = {};
  for (std::int32_t line = begin; line < end; ++line) {
    const std::int32_t row = v.position(line % v.results, r);
    if (!v.has(row)) continue;
    const std::int64_t image_line = std::int64_t{line / v.results} * v.extent + row;
    for (std::int32_t q = 0; q < h.results; ++q) {
      const std::int32_t column = h.place_of(q, s);
      if (column < 0) continue;
      const auto values = load_pack<T, kChannels>(x, (image_line * h.extent + column) * g.in_channels + channel);
      const auto d = load_pack<T, kChannels>(dy, (std::int64_t{line} * h.results + q) * g.out_channels + k);
      UNROLL for (int m = 0; m < kChannels; ++m) UNROLL for (int n = 0; n < kChannels; ++n) sums[m][n] +=
          to_float(d[m]) * to_float(values[n]);
    }
  }
  const std::int32_t taps = v.taps * h.taps;
  float* to = partial + std::int64_t{blockIdx.y} * g.out_channels * taps * g.in_group;
  UNROLL for (int m = 0; m < kChannels; ++m) store_pack(to, ((k + m) * taps + tap) * g.in_group + c, sums[m]);
}

// Enough threads for a GPU.
WeightSplit split_of(const Conv2dShape& s) {
  return {s, std::min<std::int64_t>(4096, (1 << 17) / (s.weight_size() / (kChannels * kChannels)))};
}

std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  return pass == Conv2dPass::backward_weight ? split_of(shape).scratch_bytes(shape) : 0;
}

template <class T>
void backward_weight(const Exec& exec, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const WeightSplit split = split_of(shape);
  const std::int64_t all = shape.weight_size() / (kChannels * kChannels);
  launch(exec,
         {"conv2d_backward_weight_grouped", dim3(blocks_for(all, kPackThreads), static_cast<unsigned>(split.parts)),
          kPackThreads},
         conv2d_backward_weight_grouped_kernel<T>, Window(shape), all, static_cast<std::int32_t>(split.lines),
         operands.x, operands.y, static_cast<float*>(scratch));
  split.finish(exec, shape, operands, scratch);
}

template <class T>
void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& s, const Conv2dOperands<T>& operands, void* scratch) {
  if (pass == Conv2dPass::backward_weight) return backward_weight(exec, s, operands, scratch);
  const std::int64_t all = WindowPlace<kChannels>::count(s, pass);
  if (pass == Conv2dPass::forward)
    return launch(exec, {"conv2d_forward_grouped", blocks_for(all, kPackThreads), kPackThreads},
                  conv2d_forward_grouped_kernel<T>, Window(s), all, operands.x, operands.weight, operands.bias,
                  operands.y);
  launch(exec, {"conv2d_backward_input_grouped", blocks_for(all, kPackThreads), kPackThreads},
         conv2d_backward_input_grouped_kernel<T>, Window(s), all, operands.weight, operands.y, operands.x);
}

bool supports(Conv2dPass, const Conv2dShape& s) {
  const std::int64_t groups = s.window.groups;
  return groups > 1 && s.in_channels / groups % kChannels == 0 && s.out_channels / groups % kChannels == 0 &&
         Window::fits(s);
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_grouped() {
  return {"grouped", supports, scratch_bytes, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_grouped<T>); });

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Convolution with a filter for each channel by itself (C = K = groups): channels run side by side in vectors. Each
// result is one sum in one order, whatever the number of threads. Bound by bytes.
#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/conv2d_geometry.h>

namespace sluice::kernels::cpu {
namespace {

// Channels that are summed at once, in registers.
constexpr std::int64_t kBlock = 64;
// The weight's gradient is summed in at most this many runs of lines, which are added up at the end.
constexpr std::int64_t kRuns = 32;

std::int64_t taps_of(const Conv2dShape& s) { return s.kernel_height * s.kernel_width; }
std::int64_t lines_of(const Conv2dShape& s) { return s.batch * s.out_height; }
std::int64_t runs_of(const Conv2dShape& s) { return std::min(kRuns, lines_of(s)); }

// sum[i] += a[i] b[i]
template <class R, class A, class B>
void add_products(std::int64_t n, const A* a, const B* b, R* sum) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) sum[i] += static_cast<R>(a[i]) * static_cast<R>(b[i]);
}

// weight [C,taps] as [taps,C].
template <class R>
void put_channels_last(const Conv2dGeometry& g, const R* weight, R* turned) {
  for (std::int64_t tap = 0; tap < taps_of(g); ++tap)
    for (std::int64_t c = 0; c < g.in_channels; ++c) turned[tap * g.in_channels + c] = weight[c * taps_of(g) + tap];
}

// visit(first channel, channels) for blocks of channels.
template <class Visit>
void for_blocks(std::int64_t channels, const Visit& visit) {
  for (std::int64_t c = 0; c < channels; c += kBlock) visit(c, std::min(kBlock, channels - c));
}

template <class T>
void forward(const Conv2dGeometry& g, const Conv2dOperands<T>& operands, void* scratch) {
  using R = Master<T>;
  const std::int64_t channels = g.in_channels;
  R* turned = static_cast<R*>(scratch);
  put_channels_last(g, operands.weight, turned);
  parallel_for(lines_of(g), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      const T* image = operands.x + line / g.out_height * g.height * g.width * channels;
      for (std::int64_t q = 0; q < g.out_width; ++q)
        for_blocks(channels, [&](std::int64_t c, std::int64_t count) {
          R sum[kBlock] = {};
          if (operands.bias != nullptr) std::copy_n(operands.bias + c, count, sum);
          for (std::int64_t r = 0; r < g.kernel_height; ++r) {
            const std::int64_t h = g.row(line % g.out_height, r);
            if (!g.has_row(h)) continue;
            for (std::int64_t s = 0; s < g.kernel_width; ++s)
              if (const std::int64_t w = g.column(q, s); g.has_column(w))
                add_products(count, image + (h * g.width + w) * channels + c,
                             turned + (r * g.kernel_width + s) * channels + c, sum);
          }
          T* y = operands.y + (line * g.out_width + q) * channels + c;
          for (std::int64_t i = 0; i < count; ++i) y[i] = T(sum[i]);
        });
    }
  });
}

// The result whose tap is `down` places above, or -1.
std::int64_t result_at(std::int64_t down, std::int64_t stride, std::int64_t results) {
  return down >= 0 && down % stride == 0 && down / stride < results ? down / stride : -1;
}

template <class T>
void backward_input(const Conv2dGeometry& g, const Conv2dOperands<T>& operands, void* scratch) {
  using R = Master<T>;
  const std::int64_t channels = g.in_channels;
  R* turned = static_cast<R*>(scratch);
  put_channels_last(g, operands.weight, turned);
  parallel_for(g.batch * g.height, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      const T* image = operands.y + line / g.height * g.out_height * g.out_width * channels;
      for (std::int64_t w = 0; w < g.width; ++w)
        for_blocks(channels, [&](std::int64_t c, std::int64_t count) {
          R sum[kBlock] = {};
          for (std::int64_t r = 0; r < g.kernel_height; ++r) {
            const std::int64_t p = result_at(line % g.height - g.row(0, r), g.window.stride_height, g.out_height);
            if (p < 0) continue;
            for (std::int64_t s = 0; s < g.kernel_width; ++s)
              if (const std::int64_t q = result_at(w - g.column(0, s), g.window.stride_width, g.out_width); q >= 0)
                add_products(count, image + (p * g.out_width + q) * channels + c,
                             turned + (r * g.kernel_width + s) * channels + c, sum);
          }
          T* x = operands.x + (line * g.width + w) * channels + c;
          for (std::int64_t i = 0; i < count; ++i) x[i] = T(sum[i]);
        });
    }
  });
}

// sums [taps,C] over the lines [first, last) of y.
template <class T, class R>
void weight_sums(const Conv2dGeometry& g, const Conv2dOperands<T>& operands, std::int64_t first, std::int64_t last,
                 R* sums) {
  const std::int64_t channels = g.in_channels;
  std::fill_n(sums, taps_of(g) * channels, R(0));
  for (std::int64_t line = first; line < last; ++line) {
    const T* image = operands.x + line / g.out_height * g.height * g.width * channels;
    const T* gradients = operands.y + line * g.out_width * channels;
    for (std::int64_t r = 0; r < g.kernel_height; ++r) {
      const std::int64_t h = g.row(line % g.out_height, r);
      if (!g.has_row(h)) continue;
      for (std::int64_t s = 0; s < g.kernel_width; ++s)
        for (std::int64_t q = 0; q < g.out_width; ++q)
          if (const std::int64_t w = g.column(q, s); g.has_column(w))
            add_products(channels, image + (h * g.width + w) * channels, gradients + q * channels,
                         sums + (r * g.kernel_width + s) * channels);
    }
  }
}

template <class T>
void backward_weight(const Conv2dGeometry& g, const Conv2dOperands<T>& operands, void* scratch) {
  using R = Master<T>;
  const std::int64_t size = taps_of(g) * g.in_channels, runs = runs_of(g), lines = lines_of(g);
  R* sums = static_cast<R*>(scratch);
  parallel_for(runs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t run = begin; run < end; ++run)
      weight_sums(g, operands, lines * run / runs, lines * (run + 1) / runs, sums + run * size);
  });
  for (std::int64_t run = 1; run < runs; ++run)
    for (std::int64_t i = 0; i < size; ++i) sums[i] += sums[run * size + i];
  for (std::int64_t c = 0; c < g.in_channels; ++c)
    for (std::int64_t tap = 0; tap < taps_of(g); ++tap)
      operands.weight[c * taps_of(g) + tap] = sums[tap * g.in_channels + c];
  if (operands.bias != nullptr)
    sum_rows(lines * g.out_width, g.out_channels, operands.y, operands.bias, sums + runs * size);
}

bool supports(Conv2dPass, const Conv2dShape& s) {
  return s.window.groups > 1 && s.in_channels == s.window.groups && s.out_channels == s.window.groups &&
         lines_of(s) > 0;
}

template <class T>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  const auto bytes = static_cast<std::size_t>(taps_of(shape) * shape.in_channels) * sizeof(Master<T>);
  if (pass != Conv2dPass::backward_weight) return bytes;
  return static_cast<std::size_t>(runs_of(shape)) * bytes +
         sum_rows_scratch_bytes<T>(lines_of(shape) * shape.out_width, shape.out_channels);
}

template <class T>
void run(Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const Conv2dGeometry geometry(shape);
  switch (pass) {
    case Conv2dPass::forward: return forward(geometry, operands, scratch);
    case Conv2dPass::backward_input: return backward_input(geometry, operands, scratch);
    case Conv2dPass::backward_weight: return backward_weight(geometry, operands, scratch);
  }
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_depthwise() {
  return {"depthwise", supports, scratch_bytes<T>, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&conv2d_depthwise<T>); });

}  // namespace sluice::kernels::cpu

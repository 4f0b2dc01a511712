// SPDX-License-Identifier: Apache-2.0
// Convolution by its definition, for every shape: groups, dilation, any stride, sizes past 2^31. A thread sums one
// result in float; what threads share comes from the caches. Serves depthwise and grouped convolutions, which are
// bound by bytes, and is the oracle of the others on a GPU.
#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/device.h>
#include <sluice/kernels/cuda/sum_rows.h>

namespace sluice::kernels::cuda {
namespace {

constexpr unsigned kBlock = 128;

// Where in an axis of x a tap meets a result: position result * stride + tap * dilation - padding.
struct Axis {
  std::int64_t extent, results, taps, stride, padding, dilation;

  __device__ std::int64_t position(std::int64_t result, std::int64_t tap) const {
    return result * stride + tap * dilation - padding;
  }
  __device__ bool has(std::int64_t position) const { return position >= 0 && position < extent; }
  // The result whose tap `tap` is at `position`, or -1.
  __device__ std::int64_t result_of(std::int64_t position, std::int64_t tap) const {
    const std::int64_t down = position + padding - tap * dilation;
    return down >= 0 && down % stride == 0 && down / stride < results ? down / stride : -1;
  }
};

struct Geometry {
  std::int64_t batch, in_channels, out_channels, in_group, out_group;
  Axis vertical, horizontal;

  explicit Geometry(const Conv2dShape& s)
      : batch(s.batch),
        in_channels(s.in_channels),
        out_channels(s.out_channels),
        in_group(s.in_channels / s.window.groups),
        out_group(s.out_channels / s.window.groups),
        vertical{s.height,
                 s.out_height,
                 s.kernel_height,
                 s.window.stride_height,
                 s.window.padding_height,
                 s.window.dilation_height},
        horizontal{s.width,
                   s.out_width,
                   s.kernel_width,
                   s.window.stride_width,
                   s.window.padding_width,
                   s.window.dilation_width} {}
};

// y [N,P,Q,K] of x [N,H,W,C].
template <class T>
__global__ void __launch_bounds__(kBlock)
    conv2d_forward_direct_kernel(Geometry g, const T* x, const float* weight, const float* bias, T* y) {
  const Axis v = g.vertical, h = g.horizontal;
  const std::int64_t i = std::int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (i >= g.batch * v.results * h.results * g.out_channels) return;
  const std::int64_t k = i % g.out_channels, q = i / g.out_channels % h.results;
  const std::int64_t p = i / g.out_channels / h.results % v.results, n = i / g.out_channels / h.results / v.results;
  const T* image = x + n * v.extent * h.extent * g.in_channels + k / g.out_group * g.in_group;
  const float* filter = weight + k * v.taps * h.taps * g.in_group;
  float sum = bias == nullptr ? 0.0f : bias[k];
  for (std::int64_t r = 0; r < v.taps; ++r) {
    const std::int64_t row = v.position(p, r);
    if (!v.has(row)) continue;
    for (std::int64_t s = 0; s < h.taps; ++s) {
      const std::int64_t column = h.position(q, s);
      if (!h.has(column)) continue;
      const T* from = image + (row * h.extent + column) * g.in_channels;
      const float* tap = filter + (r * h.taps + s) * g.in_group;
      for (std::int64_t c = 0; c < g.in_group; ++c) sum += to_float(from[c]) * __ldg(tap + c);
    }
  }
  y[i] = from_float<T>(sum);
}

// dx [N,H,W,C] of dy [N,P,Q,K].
template <class T>
__global__ void __launch_bounds__(kBlock)
    conv2d_backward_input_direct_kernel(Geometry g, const float* weight, const T* dy, T* dx) {
  const Axis v = g.vertical, h = g.horizontal;
  const std::int64_t i = std::int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (i >= g.batch * v.extent * h.extent * g.in_channels) return;
  const std::int64_t c = i % g.in_channels, column = i / g.in_channels % h.extent;
  const std::int64_t row = i / g.in_channels / h.extent % v.extent, n = i / g.in_channels / h.extent / v.extent;
  const std::int64_t first_k = c / g.in_group * g.out_group, filter = v.taps * h.taps * g.in_group;
  float sum = 0;
  for (std::int64_t r = 0; r < v.taps; ++r) {
    const std::int64_t p = v.result_of(row, r);
    if (p < 0) continue;
    for (std::int64_t s = 0; s < h.taps; ++s) {
      const std::int64_t q = h.result_of(column, s);
      if (q < 0) continue;
      const T* from = dy + ((n * v.results + p) * h.results + q) * g.out_channels + first_k;
      const float* tap = weight + first_k * filter + (r * h.taps + s) * g.in_group + c % g.in_group;
      for (std::int64_t k = 0; k < g.out_group; ++k) sum += to_float(from[k]) * __ldg(tap + k * filter);
    }
  }
  dx[i] = from_float<T>(sum);
}

// Sums over `lines` rows of results, from line blockIdx.y * lines: partial [gridDim.y,K,R,S,C/groups].
template <class T>
__global__ void __launch_bounds__(kBlock)
    conv2d_backward_weight_direct_kernel(Geometry g, std::int64_t lines, const T* x, const T* dy, float* partial) {
  const Axis v = g.vertical, h = g.horizontal;
  const std::int64_t size = g.out_channels * v.taps * h.taps * g.in_group;
  const std::int64_t i = std::int64_t{blockIdx.x} * kBlock + threadIdx.x;
  if (i >= size) return;
  const std::int64_t c = i % g.in_group, s = i / g.in_group % h.taps;
  const std::int64_t r = i / g.in_group / h.taps % v.taps, k = i / g.in_group / h.taps / v.taps;
  const std::int64_t channel = k / g.out_group * g.in_group + c;
  const std::int64_t begin = blockIdx.y * lines, end = min(begin + lines, g.batch * v.results);
  float sum = 0;
  for (std::int64_t line = begin; line < end; ++line) {
    const std::int64_t row = v.position(line % v.results, r);
    if (!v.has(row)) continue;
    const T* image = x + (line / v.results * v.extent + row) * h.extent * g.in_channels + channel;
    const T* gradient = dy + line * h.results * g.out_channels + k;
    for (std::int64_t q = 0; q < h.results; ++q) {
      const std::int64_t column = h.position(q, s);
      if (h.has(column)) sum += to_float(image[column * g.in_channels]) * to_float(gradient[q * g.out_channels]);
    }
  }
  partial[blockIdx.y * size + i] = sum;
}

// How backward_weight is split: enough threads for a GPU, in runs of whole lines, of which a grid has at most 65535.
struct Split {
  std::int64_t lines, parts;

  explicit Split(const Conv2dShape& s) {
    constexpr std::int64_t enough_threads = 1 << 17;
    const std::int64_t all = s.batch * s.out_height;
    const std::int64_t wanted =
        std::clamp<std::int64_t>(enough_threads / s.weight_size(), 1, std::min<std::int64_t>(all, 4096));
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
  float* partial = static_cast<float*>(scratch);
  void* rest = static_cast<std::byte*>(scratch) + partial_bytes(shape);
  launch(exec,
         {"conv2d_backward_weight_direct",
          dim3(blocks_for(shape.weight_size(), kBlock), static_cast<unsigned>(split.parts)), kBlock},
         conv2d_backward_weight_direct_kernel<T>, Geometry(shape), split.lines, operands.x, operands.y, partial);
  sum_rows<float>(exec, split.parts, shape.weight_size(), partial, operands.weight, rest);
  if (operands.bias != nullptr)
    sum_rows<T>(exec, shape.batch * shape.out_height * shape.out_width, shape.out_channels, operands.y, operands.bias,
                rest);
}

template <class T>
void run(const Exec& exec, Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands,
         void* scratch) {
  switch (pass) {
    case Conv2dPass::forward:
      return launch(exec, {"conv2d_forward_direct", blocks_for(shape.y_size(), kBlock), kBlock},
                    conv2d_forward_direct_kernel<T>, Geometry(shape), operands.x, operands.weight, operands.bias,
                    operands.y);
    case Conv2dPass::backward_input:
      return launch(exec, {"conv2d_backward_input_direct", blocks_for(shape.x_size(), kBlock), kBlock},
                    conv2d_backward_input_direct_kernel<T>, Geometry(shape), operands.weight, operands.y, operands.x);
    case Conv2dPass::backward_weight: return backward_weight(exec, shape, operands, scratch);
  }
}

bool supports(Conv2dPass, const Conv2dShape&) { return true; }

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_direct() {
  return {"direct", supports, scratch_bytes, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_direct<T>); });

}  // namespace sluice::kernels::cuda

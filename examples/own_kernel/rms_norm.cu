// SPDX-License-Identifier: Apache-2.0
#include "rms_norm.h"

#include <sluice/kernels/cuda/device.h>

using namespace sluice;
using namespace sluice::kernels::cuda;

namespace {

constexpr int kThreads = 128;

// The sum of what the threads of a block bring, the same for all of them, in a fixed order. `sums` is shared memory for
// a number of each thread.
__device__ float sum_over_block(float mine, float* sums) {
  const int thread = static_cast<int>(threadIdx.x);
  sums[thread] = mine;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (thread < half) sums[thread] += sums[thread + half];
    __syncthreads();
  }
  return sums[0];
}

// A block for each row. Keeps the factor of the row for the backward pass.
__global__ void __launch_bounds__(kThreads)
    forward_kernel(int columns, float epsilon, const float* x, const float* weight, float* y, float* factors) {
  SHARED(sums, float[kThreads]);
  const float* row = x + std::int64_t{blockIdx.x} * columns;
  float mine = 0;
  for (int c = threadIdx.x; c < columns; c += kThreads) mine += row[c] * row[c];
  const float factor = rsqrtf(sum_over_block(mine, sums) / columns + epsilon);
  float* result = y + std::int64_t{blockIdx.x} * columns;
  for (int c = threadIdx.x; c < columns; c += kThreads) result[c] = weight[c] * row[c] * factor;
  if (threadIdx.x == 0) factors[blockIdx.x] = factor;
}

// dx = factor weight dy - factor^3 x mean_c(weight dy x), a block for each row.
__global__ void __launch_bounds__(kThreads) backward_input_kernel(int columns, const float* x, const float* weight,
                                                                  const float* factors, const float* dy, float* dx) {
  SHARED(sums, float[kThreads]);
  const std::int64_t first = std::int64_t{blockIdx.x} * columns;
  float mine = 0;
  for (int c = threadIdx.x; c < columns; c += kThreads) mine += weight[c] * dy[first + c] * x[first + c];
  const float factor = factors[blockIdx.x];
  const float shared_part = factor * factor * factor * sum_over_block(mine, sums) / columns;
  for (int c = threadIdx.x; c < columns; c += kThreads)
    dx[first + c] = factor * weight[c] * dy[first + c] - shared_part * x[first + c];
}

// dweight = sum over rows of dy x factor, a thread for each column.
__global__ void __launch_bounds__(kThreads)
    backward_weight_kernel(int rows, int columns, const float* x, const float* factors, const float* dy,
                           float* dweight) {
  const int c = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (c >= columns) return;
  float sum = 0;
  for (int i = 0; i < rows; ++i)
    sum += dy[std::int64_t{i} * columns + c] * x[std::int64_t{i} * columns + c] * factors[i];
  dweight[c] = sum;
}

}  // namespace

Variable rms_norm(const Variable& x, const Variable& weight, double epsilon) {
  const Device device = x.value().device();
  require(device.kind == DeviceKind::cuda, "rms_norm", "expects x on a CUDA device, got one on ", device);
  require_one_device("rms_norm", {&x.value(), &weight.value()});
  require(x.dtype() == DType::f32 && weight.dtype() == DType::f32, "rms_norm", "expects f32, got x of ",
          name_of(x.dtype()), " and weight of ", name_of(weight.dtype()));
  require(x.shape().rank() == 2 && weight.shape() == Shape{x.shape()[1]}, "rms_norm",
          "expects x [N,C] and weight [C], got ", x.shape(), " and ", weight.shape());
  const int rows = static_cast<int>(x.shape()[0]), columns = static_cast<int>(x.shape()[1]);
  Tensor y = Tensor::empty(x.shape(), DType::f32, device), factors = Tensor::empty({rows}, DType::f32, device);
  if (y.size() == 0) return record("rms_norm", y, {&x, &weight}, [](Tensor, Gradients&) {});

  const unsigned blocks = static_cast<unsigned>(rows);
  launch(exec_of(y), {"rms_norm_forward", blocks, kThreads}, forward_kernel, columns, static_cast<float>(epsilon),
         x.value().data<float>(), weight.value().data<float>(), y.mutable_data<float>(), factors.mutable_data<float>());
  return record(
      "rms_norm", y, {&x, &weight},
      [x = x.value(), weight = weight.value(), factors, rows, columns, blocks](Tensor dy, Gradients& gradients) {
        if (gradients.wants(0)) {
          Tensor dx = Tensor::empty(x.shape(), DType::f32, x.device());
          launch(exec_of(x), {"rms_norm_backward_input", blocks, kThreads}, backward_input_kernel, columns,
                 x.data<float>(), weight.data<float>(), factors.data<float>(), dy.data<float>(),
                 dx.mutable_data<float>());
          gradients.add(0, dx);
        }
        if (gradients.wants(1)) {
          Tensor dweight = Tensor::empty(weight.shape(), DType::f32, weight.device());
          launch(exec_of(x), {"rms_norm_backward_weight", blocks_for(columns, kThreads), kThreads},
                 backward_weight_kernel, rows, columns, x.data<float>(), factors.data<float>(), dy.data<float>(),
                 dweight.mutable_data<float>());
          gradients.add(1, dweight);
        }
      });
}

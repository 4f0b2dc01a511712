// SPDX-License-Identifier: Apache-2.0
// Mean of squared differences over n elements. Bound by bytes: two arrays read; backward writes one more.
#include <sluice/kernels/mean_squared_error.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/map.h>
#include <sluice/kernels/cuda/reduce.h>

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 132 * 4;

unsigned blocks_of(std::int64_t n) { return blocks_for(n, kThreads, 8, kMostBlocks); }

template <class T>
__global__ void __launch_bounds__(kThreads)
    squared_difference_kernel(std::int64_t n, const T* x, const T* target, double* partials) {
  double sum = 0;
  const std::int64_t stride = std::int64_t{gridDim.x} * kThreads;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; i < n; i += stride) {
    const float difference = to_float(x[i]) - to_float(target[i]);
    sum += difference * difference;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads)
    mean_kernel(std::int64_t n, std::int64_t count, const double* partials, float* mean) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += kThreads) sum += partials[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *mean = static_cast<float>(sum / static_cast<double>(n));
}

struct Derivative {
  const float* dloss;
  float share;
  __device__ float operator()(float x, float target) const { return __ldg(dloss) * share * (x - target); }
};

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t MeanSquaredError<Cuda>::forward_scratch_bytes(const Exec&, std::int64_t n) {
  return blocks_of(n) * sizeof(double);
}

template <>
template <class T>
void MeanSquaredError<Cuda>::forward(const Exec& exec, std::int64_t n, const T* x, const T* target, Master<T>* loss,
                                     void* scratch) {
  auto* const partials = static_cast<double*>(scratch);
  launch(exec, {"squared_difference", blocks_of(n), kThreads}, squared_difference_kernel<T>, n, x, target, partials);
  launch(exec, {"mean", 1, kThreads}, mean_kernel, n, std::int64_t{blocks_of(n)}, partials, loss);
}

template <>
template <class T>
void MeanSquaredError<Cuda>::backward(const Exec& exec, std::int64_t n, const T* x, const T* target,
                                      const Master<T>* dloss, T* dx) {
  map(exec, "mean_squared_error_backward", n, Derivative{dloss, 2 / static_cast<float>(n)}, dx, x, target);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&MeanSquaredError<Cuda>::forward_scratch_bytes<T>, &MeanSquaredError<Cuda>::forward<T>,
                    &MeanSquaredError<Cuda>::backward<T>);
});

}  // namespace sluice::kernels

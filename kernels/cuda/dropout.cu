// SPDX-License-Identifier: Apache-2.0
// Dropout, a thread for each Philox counter, that is four elements. Bound by bytes: x read, y written.
#include "kernels/dropout.h"

#include "kernels/cuda/device.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void __launch_bounds__(kThreads)
    dropout_kernel(DropoutMask mask, float probability, float scale, std::int64_t n, const T* x, T* y) {
  const std::int64_t group = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (4 * group >= n) return;
  const PhiloxWords words = philox(
      {mask.seed}, {static_cast<std::uint32_t>(RandomPurpose::dropout), mask.step, static_cast<std::uint64_t>(group)});
  UNROLL for (int k = 0; k < 4; ++k) {
    const std::int64_t i = 4 * group + k;
    // A dropped element is 0 even where x is infinite.
    if (i < n) y[i] = uniform(words[k]) >= probability ? from_float<T>(scale * to_float(x[i])) : from_float<T>(0);
  }
}

}  // namespace

template <class T>
void dropout(const Exec& exec, const DropoutMask& mask, std::int64_t n, const T* x, T* y) {
  if (n == 0) return;
  launch(exec, {"dropout", blocks_for(n, kThreads, 4), kThreads}, dropout_kernel<T>, mask,
         static_cast<float>(mask.probability), static_cast<float>(1 / (1 - mask.probability)), n, x, y);
}

template void dropout(const Exec&, const DropoutMask&, std::int64_t, const float*, float*);
template void dropout(const Exec&, const DropoutMask&, std::int64_t, const BFloat16*, BFloat16*);

}  // namespace sluice::kernels::cuda

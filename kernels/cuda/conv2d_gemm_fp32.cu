// SPDX-License-Identifier: Apache-2.0
// The matrix products of convolution with f32 factors by fused multiply-adds.
#include <sluice/kernels/cuda/conv2d_gemm_tiles.h>

#include <sluice/base/instantiate.h>

namespace sluice::kernels::cuda {

[[gnu::used]] constexpr auto kInstances =
    std::tuple(&conv2d_gather<Fp32Products>, &conv2d_weight_gradient<Fp32Products>);

}  // namespace sluice::kernels::cuda

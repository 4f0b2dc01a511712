// SPDX-License-Identifier: Apache-2.0
// The matrix products of convolution with bf16 factors on tensor cores.
#include <sluice/kernels/cuda/conv2d_gemm_tiles.h>

#include <sluice/base/instantiate.h>

namespace sluice::kernels::cuda {

[[gnu::used]] constexpr auto kInstances =
    std::tuple(&conv2d_gather<Bf16Products>, &conv2d_weight_gradient<Bf16Products>);

}  // namespace sluice::kernels::cuda

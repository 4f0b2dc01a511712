// SPDX-License-Identifier: Apache-2.0
// The matrix products of convolution with bf16 factors on tensor cores.
#include <sluice/kernels/cuda/conv2d_gemm_tiles.h>

namespace sluice::kernels::cuda {

SLUICE_INSTANTIATE_CONV2D_GEMM(Bf16Products)

}  // namespace sluice::kernels::cuda

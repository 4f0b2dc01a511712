// SPDX-License-Identifier: Apache-2.0
// The matrix products of convolution with f32 factors by fused multiply-adds.
#include <sluice/kernels/cuda/conv2d_gemm_tiles.h>

namespace sluice::kernels::cuda {

SLUICE_INSTANTIATE_CONV2D_GEMM(Fp32Products)

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Normalization over groups.
#include <sluice/kernels/cuda/pointwise.h>
#include <sluice/kernels/norm_maps.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

[[gnu::used]] constexpr auto kInstances = instantiate_maps<Cuda>(
    NormTypesOnCuda{}, Maps<NormSquares, NormInverse, NormForward, NormProducts, NormBackward>{});

}  // namespace sluice::kernels

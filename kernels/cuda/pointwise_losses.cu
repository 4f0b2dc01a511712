// SPDX-License-Identifier: Apache-2.0
// The terms of losses.
#include <sluice/kernels/cuda/pointwise.h>
#include <sluice/kernels/loss_functions.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

using namespace functions;

[[gnu::used]] constexpr auto kInstances =
    std::tuple(instantiate_maps<Cuda>(LossTypesOnCuda{}, ForwardMaps<LossFunctions>{}),
               instantiate_maps<Cuda>(LossTypesOnCuda{}, BackwardMaps<LossFunctions>{}),
               instantiate_maps<Cuda>(LossTypesOnCuda{}, ForwardMapsOfTwo<LossFunctionsOfTwo>{}),
               instantiate_maps<Cuda>(LossTypesOnCuda{}, BackwardMapsOfTwo<LossFunctionsOfTwo>{}));

}  // namespace sluice::kernels

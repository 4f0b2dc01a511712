// SPDX-License-Identifier: Apache-2.0
// The terms of losses.
#include <sluice/kernels/loss_functions.h>
#include <sluice/kernels/pointwise_blocks.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

using namespace functions;

[[gnu::used]] constexpr auto kInstances =
    std::tuple(instantiate_maps<Cpu>(LossTypesOnCpu{}, ForwardMaps<LossFunctions>{}),
               instantiate_maps<Cpu>(LossTypesOnCpu{}, BackwardMaps<LossFunctions>{}),
               instantiate_maps<Cpu>(LossTypesOnCpu{}, ForwardMapsOfTwo<LossFunctionsOfTwo>{}),
               instantiate_maps<Cpu>(LossTypesOnCpu{}, BackwardMapsOfTwo<LossFunctionsOfTwo>{}));

}  // namespace sluice::kernels

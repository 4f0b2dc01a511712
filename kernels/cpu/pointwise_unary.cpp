// SPDX-License-Identifier: Apache-2.0
// The functions of one number, and of one and a scalar.
#include <sluice/kernels/pointwise_blocks.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

using namespace functions;

[[gnu::used]] constexpr auto kInstances =
    std::tuple(instantiate_maps<Cpu>(CpuTypes{}, ForwardMaps<FloatFunctions>{}),
               instantiate_maps<Cpu>(CpuTypes{}, BackwardMaps<FloatFunctions>{}),
               instantiate_maps<Cpu>(CpuTypes{}, ForwardMaps<ActivationFunctions>{}),
               instantiate_maps<Cpu>(CpuTypes{}, BackwardMaps<ActivationFunctions>{}),
               instantiate_maps<Cpu>(CpuNumberTypes{}, ForwardMaps<IntegerFunctions>{}),
               instantiate_maps<Cpu>(CpuTypes{}, BackwardMaps<IntegerFunctions>{}),
               instantiate_maps<Cpu>(CpuTypes{}, ForwardMaps<FloatFunctionsWithScalar>{}),
               instantiate_maps<Cpu>(CpuTypes{}, BackwardMaps<FloatFunctionsWithScalar>{}),
               instantiate_maps<Cpu>(CpuNumberTypes{}, ForwardMaps<IntegerFunctionsWithScalar>{}),
               instantiate_maps<Cpu>(CpuTypes{}, BackwardMaps<IntegerFunctionsWithScalar>{}));

}  // namespace sluice::kernels

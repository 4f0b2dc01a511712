// SPDX-License-Identifier: Apache-2.0
// The functions of two numbers, where, and broadcasting by itself.
#include <sluice/kernels/pointwise_blocks.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

using namespace functions;

[[gnu::used]] constexpr auto kInstances =
    std::tuple(instantiate_maps<Cpu>(CpuTypes{}, ForwardMapsOfTwo<FloatFunctionsOfTwo>{}),
               instantiate_maps<Cpu>(CpuTypes{}, BackwardMapsOfTwo<DifferentiableFunctionsOfTwo>{}),
               instantiate_maps<Cpu>(CpuNumberTypes{}, ForwardMapsOfTwo<IntegerFunctionsOfTwo>{}),
               instantiate_maps<Cpu>(CpuNumberTypes{}, Maps<Where, Multiple>{}),
               instantiate_maps<Cpu>(CpuTypes{}, Maps<WhereBackward>{}));

}  // namespace sluice::kernels

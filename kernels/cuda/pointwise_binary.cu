// SPDX-License-Identifier: Apache-2.0
// The functions of two numbers, where, and broadcasting by itself.
#include <sluice/kernels/cuda/pointwise.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

using namespace functions;

[[gnu::used]] constexpr auto kInstances =
    std::tuple(instantiate_maps<Cuda>(CudaTypes{}, ForwardMapsOfTwo<FloatFunctionsOfTwo>{}),
               instantiate_maps<Cuda>(CudaTypes{}, BackwardMapsOfTwo<DifferentiableFunctionsOfTwo>{}),
               instantiate_maps<Cuda>(CudaNumberTypes{}, ForwardMapsOfTwo<IntegerFunctionsOfTwo>{}),
               instantiate_maps<Cuda>(CudaNumberTypes{}, Maps<Where, Multiple>{}),
               instantiate_maps<Cuda>(CudaTypes{}, Maps<WhereBackward>{}));

}  // namespace sluice::kernels

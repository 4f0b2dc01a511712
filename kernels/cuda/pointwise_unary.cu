// SPDX-License-Identifier: Apache-2.0
// The functions of one number, and of one and a scalar.
#include <sluice/kernels/cuda/pointwise.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

using namespace functions;

[[gnu::used]] constexpr auto kInstances =
    std::tuple(instantiate_maps<Cuda>(CudaTypes{}, ForwardMaps<FloatFunctions>{}),
               instantiate_maps<Cuda>(CudaTypes{}, BackwardMaps<FloatFunctions>{}),
               instantiate_maps<Cuda>(CudaTypes{}, ForwardMaps<ActivationFunctions>{}),
               instantiate_maps<Cuda>(CudaTypes{}, BackwardMaps<ActivationFunctions>{}),
               instantiate_maps<Cuda>(CudaNumberTypes{}, ForwardMaps<IntegerFunctions>{}),
               instantiate_maps<Cuda>(CudaTypes{}, BackwardMaps<IntegerFunctions>{}),
               instantiate_maps<Cuda>(CudaTypes{}, ForwardMaps<FloatFunctionsWithScalar>{}),
               instantiate_maps<Cuda>(CudaTypes{}, BackwardMaps<FloatFunctionsWithScalar>{}),
               instantiate_maps<Cuda>(CudaNumberTypes{}, ForwardMaps<IntegerFunctionsWithScalar>{}),
               instantiate_maps<Cuda>(CudaTypes{}, BackwardMaps<IntegerFunctionsWithScalar>{}));

}  // namespace sluice::kernels

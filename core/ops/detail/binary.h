// SPDX-License-Identifier: Apache-2.0
// Records a function of kernels/functions_of_two.h.
#pragma once

#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::ops::detail {

// The shape to which both are broadcast. Throws std::invalid_argument for two devices, types, or shapes that don't fit.
inline Shape require_alike(const char* op, const Variable& a, const Variable& b) {
  require_one_device(op, {&a.value(), &b.value()});
  require(a.dtype() == b.dtype(), op, "expects two of one type, got ", name_of(a.dtype()), a.shape(), " and ",
          name_of(b.dtype()), b.shape());
  return broadcast_shape(op, a.shape(), b.shape());
}

template <class F, class OnCpu = CpuTypes, class OnCuda = CudaTypes>
Tensor value_of_two(const Variable& a, const Variable& b, const Shape& shape) {
  return map_to_one<kernels::ForwardOfTwo<F>, OnCpu, OnCuda>({}, shape, a.dtype(), std::array{a.value(), b.value()});
}

// y = f(a, b) with broadcasting. Masks are not recorded. `Gradient...` are the types of which there are gradients.
template <class F, class OnCpu = CpuTypes, class OnCuda = CudaTypes, class GradientOnCpu = CpuTypes,
          class GradientOnCuda = CudaTypes>
Variable binary(const Variable& a, const Variable& b) {
  const Shape shape = require_alike(F::name, a, b);
  Tensor y = value_of_two<F, OnCpu, OnCuda>(a, b, shape);
  if constexpr (kernels::kGivesMask<F>)
    return y;
  else
    return record(F::name, std::move(y), {&a, &b}, [a = a.value(), b = b.value()](Tensor dy, Gradients& gradients) {
      std::array<Tensor, 2> results;
      const Shape arrived = dy.shape();
      // The first result may be written over dy: every place is read before it is written.
      const std::size_t first = gradients.wants(0) ? 0 : 1;
      results[first] = room_for_gradient(dy, arrived);
      if (first == 0 && gradients.wants(1)) results[1] = Tensor::empty(arrived, dy.dtype(), dy.device());
      run_map<GradientOnCpu, GradientOnCuda>(kernels::BackwardOfTwo<F>{}, arrived, dy.dtype(), std::array{a, b, dy},
                                             results);
      dy = {};
      if (gradients.wants(0)) gradients.add(0, sum_to(std::move(results[0]), a.shape()));
      if (gradients.wants(1)) gradients.add(1, sum_to(std::move(results[1]), b.shape()));
    });
}

}  // namespace sluice::ops::detail

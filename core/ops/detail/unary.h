// SPDX-License-Identifier: Apache-2.0
// Records a function of kernels/functions.h.
#pragma once

#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::ops::detail {

// y = f(x); the gradient is written over the one that arrived where no other tensor shares it. Masks are not recorded.
// `Gradient...` are the types of which there are gradients.
template <class F, class OnCpu = CpuTypes, class OnCuda = CudaTypes, class GradientOnCpu = CpuTypes,
          class GradientOnCuda = CudaTypes>
Variable unary(const F& f, const Variable& x) {
  using kernels::functions::Saved;
  Tensor y = map_to_one<kernels::Forward<F>, OnCpu, OnCuda>({f}, x.shape(), x.dtype(), std::array{x.value()});
  if constexpr (kernels::kGivesMask<F>) {
    return y;
  } else {
    const Tensor saved = F::saved == Saved::input ? x.value() : F::saved == Saved::result ? y : Tensor{};
    return record(F::name, std::move(y), {&x}, [f, saved](Tensor dy, Gradients& gradients) {
      std::array<Tensor, 1> dx{room_for_gradient(dy, dy.shape())};
      // What saves nothing has the same derivative everywhere.
      run_map<GradientOnCpu, GradientOnCuda>(kernels::Backward<F>{f}, dy.shape(), dy.dtype(),
                                             std::array{saved.defined() ? saved : dy, dy}, dx);
      dy = {};
      gradients.add(0, std::move(dx[0]));
    });
  }
}

}  // namespace sluice::ops::detail

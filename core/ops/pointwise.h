// SPDX-License-Identifier: Apache-2.0
// An operation out of a formula of your own for scalars: one kernel forward, and one backward for all its gradients,
// which are derived by dual numbers (kernels/dual.h, which lists the functions that a formula may call).
//
//   struct Focal {
//     static constexpr const char* name = "focal";  // for errors and launches; may be left out
//     double gamma;
//     template <class N>
//     SLUICE_HOST_DEVICE N operator()(N p, N target) const {
//       return -pow(1 - p, gamma) * target * log(p);
//     }
//   };
//   const Variable loss = ops::mean(ops::pointwise(Focal{2}, probabilities, targets));
//
// On the CPU any source file will do. For the CUDA device the file that calls pointwise is a kernel file: CMake's
// sluice_add_kernels(target file.cu) compiles it (docs/own_kernels.md).
#pragma once

#include <concepts>

#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/kernels/dual_maps.h>
#include <sluice/kernels/pointwise_blocks.h>
#ifdef SLUICE_KERNEL_FILE
#include <sluice/kernels/cuda/pointwise.h>
#endif

namespace sluice::ops {

namespace detail {

// The shape to which NumPy's rules broadcast all. Throws std::invalid_argument, naming `op`, where an operand is
// undefined, where devices or types differ, and for other than floating types.
Shape pointwise_shape(const char* op, std::span<const Variable> operands);

template <class Number, class>
using NumberFor = Number;

// Whether F takes a number for each operand and returns one.
template <class F, class Number, class... Operands>
constexpr bool is_formula() {
  if constexpr (std::is_invocable_v<const F&, NumberFor<Number, Operands>...>)
    return std::is_convertible_v<std::invoke_result_t<const F&, NumberFor<Number, Operands>...>, Number>;
  else
    return false;
}

}  // namespace detail

// What a kernel file makes of pointwise differs from what other files make of it, and so does its name for the linker.
#ifdef SLUICE_KERNEL_FILE
inline namespace on_every_device {
using PointwiseCudaTypes = CudaTypes;
#else
inline namespace on_the_cpu {
using PointwiseCudaTypes = Types<>;
#endif

// f(a, b, ...) for each element, of 1 to 7 operands that are broadcast to one shape. All are of one floating type; bf16
// is computed in float. The gradient of what was broadcast is summed in a fixed order. f is copied to the device: it
// holds numbers, no pointers to the host's memory, and its call is const.
//
// Throws std::invalid_argument where pointwise_shape does, and for operands on a CUDA device where this file was not
// compiled as a kernel file.
template <class F, std::convertible_to<Variable>... Operands>
Variable pointwise(const F& f, const Operands&... operands) {
  constexpr int n = sizeof...(Operands);
  static_assert(n >= 1 && n < kernels::PointwiseLayout::kMaxOperands, "pointwise expects 1 to 7 operands");
  static_assert(detail::is_formula<F, kernels::Dual<float, n>, Operands...>(),
                "pointwise expects a function with one parameter for each operand that is a template over the number "
                "type: template <class N> N operator()(N x, N y) const");
  static_assert(std::is_trivially_copyable_v<F>, "pointwise copies its function to the device, byte by byte");
  constexpr const char* name = kernels::NameOf<F>::name;

  const std::array<Variable, n> inputs{Variable(operands)...};
  const Shape shape = detail::pointwise_shape(name, inputs);
  if constexpr (std::is_same_v<PointwiseCudaTypes, Types<>>)
    require(inputs[0].value().device().kind == DeviceKind::cpu, name,
            "expects operands on the CPU, since the file that calls pointwise was not compiled as a kernel file "
            "(CMake: sluice_add_kernels(target file.cu)), got one on ",
            inputs[0].value().device());

  std::array<Tensor, n> values;
  std::array<const Variable*, n> recorded;
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = inputs[i].value();
    recorded[i] = &inputs[i];
  }
  Tensor y = detail::map_to_one<kernels::FormulaForward<F, n>, CpuTypes, PointwiseCudaTypes>({f}, shape,
                                                                                             inputs[0].dtype(), values);
  return record(name, std::move(y), recorded, [f, values](Tensor dy, Gradients& gradients) {
    const Shape arrived = dy.shape();
    std::array<Tensor, n> results;
    // One result may be written over dy: every place is read before it is written.
    bool over_dy = true;
    for (std::size_t i = 0; i < n; ++i) {
      if (!gradients.wants(i)) continue;
      results[i] = over_dy ? detail::room_for_gradient(dy, arrived) : Tensor::empty(arrived, dy.dtype(), dy.device());
      over_dy = false;
    }
    {
      std::array<Tensor, n + 1> from;
      std::copy(values.begin(), values.end(), from.begin());
      from[n] = std::move(dy);
      detail::run_map<CpuTypes, PointwiseCudaTypes>(kernels::FormulaBackward<F, n>{f}, arrived, from[n].dtype(), from,
                                                    results);
    }
    for (std::size_t i = 0; i < n; ++i)
      if (gradients.wants(i)) gradients.add(i, detail::sum_to(std::move(results[i]), values[i].shape()));
  });
}

}  // namespace on_every_device, on_the_cpu
}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/dropout.h>

#include <sluice/kernels/dropout.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {

Variable dropout(const Variable& x, double probability, std::uint64_t seed, std::int64_t step, Mode mode) {
  require(step >= 0 && step <= std::int64_t{0xffffffff}, "dropout", "expects a step in [0, 2^32), got ", step);
  return dropout(x, probability, seed, Tensor::full({}, static_cast<double>(step), DType::f64, x.value().device()),
                 mode);
}

Variable dropout(const Variable& x, double probability, std::uint64_t seed, const Tensor& step, Mode mode) {
  require(probability >= 0 && probability < 1, "dropout", "expects a probability in [0,1), got ", probability);
  require(step.defined() && step.size() == 1 && step.dtype() == DType::f64 && step.device() == x.value().device(),
          "dropout", "step expects an f64 scalar on ", x.value().device(), ", got ", name_of(step.dtype()),
          step.shape(), " on ", step.device());
  if (mode == Mode::eval || probability == 0) return x;
  const auto masked = [probability, seed, step](const Tensor& from, Tensor to) {
    const kernels::DropoutMask mask{.probability = probability, .seed = seed, .step = step.data<double>()};
    dispatch(exec_of(from), from.dtype(), "dropout", [&]<class Device, class T>() {
      kernels::Dropout<Device>::apply(exec_of(from), mask, from.size(), from.data<T>(), to.mutable_data<T>());
    });
    return to;
  };
  const auto like = [](const Tensor& tensor) { return Tensor::empty(tensor.shape(), tensor.dtype(), tensor.device()); };
  return record("dropout", masked(x.value(), like(x.value())), {&x}, [masked, like](Tensor dy, Gradients& gradients) {
    Tensor dx = masked(dy, dy.unique() ? dy : like(dy));
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

}  // namespace sluice::ops

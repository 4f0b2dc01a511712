// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/arithmetic.h>

#include <cmath>
#include <limits>

#include <sluice/core/ops/detail/binary.h>
#include <sluice/core/ops/detail/unary.h>

namespace sluice::ops {

using namespace kernels::functions;

namespace {

template <class... F>
constexpr bool is_listed(std::tuple<F...>*, auto* f) {
  return (std::is_same_v<F*, decltype(f)> || ...);
}
template <class F>
inline constexpr bool kTakesIntegers = is_listed(static_cast<IntegerFunctionsOfTwo*>(nullptr),
                                                 static_cast<F*>(nullptr)) ||
                                       is_listed(static_cast<IntegerFunctionsWithScalar*>(nullptr),
                                                 static_cast<F*>(nullptr));
template <class F>
using OnCpu = std::conditional_t<kTakesIntegers<F>, CpuNumberTypes, CpuTypes>;
template <class F>
using OnCuda = std::conditional_t<kTakesIntegers<F>, CudaNumberTypes, CudaTypes>;

template <class F>
Variable binary(const Variable& a, const Variable& b) {
  return detail::binary<F, OnCpu<F>, OnCuda<F>>(a, b);
}

template <class F>
Variable with_number(const F& f, double number, const Variable& x) {
  if (x.dtype() == DType::i32 || x.dtype() == DType::u8)
    require(std::trunc(number) == number && std::abs(number) <= std::numeric_limits<std::int32_t>::max(), F::name,
            "expects a whole number beside a tensor of ", name_of(x.dtype()), ", got ", number);
  return detail::unary<F, OnCpu<F>, OnCuda<F>>(f, x);
}

template <class F>
Variable right(const Variable& a, double b) {
  return with_number(WithRight<F>{b}, b, a);
}

template <class F>
Variable left(double a, const Variable& b) {
  return with_number(WithLeft<F>{a}, a, b);
}

}  // namespace

// The gradient of a sum needs no pass of its own.
Variable add(const Variable& a, const Variable& b) {
  const Shape shape = detail::require_alike("add", a, b);
  return record("add", detail::value_of_two<Add, OnCpu<Add>, OnCuda<Add>>(a, b, shape), {&a, &b},
                [of_a = a.shape(), of_b = b.shape()](Tensor dy, Gradients& gradients) {
                  if (gradients.wants(0)) gradients.add(0, detail::sum_to(dy, of_a));
                  if (gradients.wants(1)) gradients.add(1, detail::sum_to(std::move(dy), of_b));
                });
}

Variable subtract(const Variable& a, const Variable& b) {
  const Shape shape = detail::require_alike("subtract", a, b);
  return record("subtract", detail::value_of_two<Subtract, OnCpu<Subtract>, OnCuda<Subtract>>(a, b, shape), {&a, &b},
                [of_a = a.shape(), of_b = b.shape()](Tensor dy, Gradients& gradients) {
                  if (gradients.wants(1)) {
                    const Tensor db = detail::sum_to(dy, of_b);
                    gradients.add(1, detail::broadcast_to(db, of_b, -1));
                  }
                  if (gradients.wants(0)) gradients.add(0, detail::sum_to(std::move(dy), of_a));
                });
}

Variable multiply(const Variable& a, const Variable& b) { return binary<Multiply>(a, b); }
Variable divide(const Variable& a, const Variable& b) { return binary<Divide>(a, b); }
Variable pow(const Variable& a, const Variable& b) { return binary<Power>(a, b); }
Variable maximum(const Variable& a, const Variable& b) { return binary<Maximum>(a, b); }
Variable minimum(const Variable& a, const Variable& b) { return binary<Minimum>(a, b); }

Variable equal(const Variable& a, const Variable& b) { return binary<Equal>(a, b); }
Variable not_equal(const Variable& a, const Variable& b) { return binary<NotEqual>(a, b); }
Variable less(const Variable& a, const Variable& b) { return binary<Less>(a, b); }
Variable less_equal(const Variable& a, const Variable& b) { return binary<LessEqual>(a, b); }
Variable greater(const Variable& a, const Variable& b) { return binary<Less>(b, a); }
Variable greater_equal(const Variable& a, const Variable& b) { return binary<LessEqual>(b, a); }
Variable logical_and(const Variable& a, const Variable& b) { return binary<LogicalAnd>(a, b); }
Variable logical_or(const Variable& a, const Variable& b) { return binary<LogicalOr>(a, b); }
Variable logical_xor(const Variable& a, const Variable& b) { return binary<LogicalXor>(a, b); }
Variable logical_not(const Variable& a) {
  return detail::unary<LogicalNot, CpuNumberTypes, CudaNumberTypes>(LogicalNot{}, a);
}

Variable add(const Variable& a, double b) { return right<Add>(a, b); }
Variable subtract(const Variable& a, double b) { return right<Add>(a, -b); }
Variable subtract(double a, const Variable& b) { return left<Subtract>(a, b); }
Variable multiply(const Variable& a, double b) { return right<Multiply>(a, b); }
Variable divide(const Variable& a, double b) { return right<Divide>(a, b); }
Variable divide(double a, const Variable& b) { return left<Divide>(a, b); }
Variable pow(const Variable& a, double b) { return right<Power>(a, b); }
Variable pow(double a, const Variable& b) { return left<Power>(a, b); }
Variable maximum(const Variable& a, double b) { return right<Maximum>(a, b); }
Variable minimum(const Variable& a, double b) { return right<Minimum>(a, b); }
Variable equal(const Variable& a, double b) { return right<Equal>(a, b); }
Variable not_equal(const Variable& a, double b) { return right<NotEqual>(a, b); }
Variable less(const Variable& a, double b) { return right<Less>(a, b); }
Variable less_equal(const Variable& a, double b) { return right<LessEqual>(a, b); }
Variable greater(const Variable& a, double b) { return left<Less>(b, a); }
Variable greater_equal(const Variable& a, double b) { return left<LessEqual>(b, a); }

Variable where(const Variable& mask, const Variable& a, const Variable& b) {
  require_one_device("where", {&mask.value(), &a.value(), &b.value()});
  require(mask.dtype() == DType::u8, "where", "expects a mask of type u8, got ", name_of(mask.dtype()));
  const Shape shape = detail::broadcast_shape("where", mask.shape(), detail::require_alike("where", a, b));
  Tensor y = detail::map_to_one<kernels::Where, CpuNumberTypes, CudaNumberTypes>(
      {}, shape, a.dtype(), std::array{mask.value(), a.value(), b.value()});
  return record("where", std::move(y), {&a, &b},
                [mask = mask.value(), of_a = a.shape(), of_b = b.shape()](Tensor dy, Gradients& gradients) {
                  std::array<Tensor, 2> results;
                  for (std::size_t i = 0; i < 2; ++i)
                    if (gradients.wants(i)) results[i] = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
                  detail::run_map<CpuTypes, CudaTypes>(kernels::WhereBackward{}, dy.shape(), dy.dtype(),
                                                       std::array{mask, dy}, results);
                  if (gradients.wants(0)) gradients.add(0, detail::sum_to(std::move(results[0]), of_a));
                  if (gradients.wants(1)) gradients.add(1, detail::sum_to(std::move(results[1]), of_b));
                });
}

}  // namespace sluice::ops

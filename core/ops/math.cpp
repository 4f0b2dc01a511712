// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/math.h>

#include <sluice/core/ops/detail/unary.h>

namespace sluice::ops {

using namespace kernels::functions;
using detail::unary;

namespace {
template <class F>
Variable number(const F& f, const Variable& x) {
  return unary<F, CpuNumberTypes, CudaNumberTypes>(f, x);
}
}  // namespace

Variable negative(const Variable& x) { return number(Negative{}, x); }
Variable abs(const Variable& x) { return number(Absolute{}, x); }
Variable sign(const Variable& x) { return number(Sign{}, x); }
Variable square(const Variable& x) { return number(Square{}, x); }
Variable sqrt(const Variable& x) { return unary(SquareRoot{}, x); }
Variable rsqrt(const Variable& x) { return unary(ReciprocalSquareRoot{}, x); }
Variable exp(const Variable& x) { return unary(Exponential{}, x); }
Variable expm1(const Variable& x) { return unary(ExponentialMinusOne{}, x); }
Variable log(const Variable& x) { return unary(Logarithm{}, x); }
Variable log1p(const Variable& x) { return unary(LogarithmOfOnePlus{}, x); }
Variable sin(const Variable& x) { return unary(Sine{}, x); }
Variable cos(const Variable& x) { return unary(Cosine{}, x); }
Variable tanh(const Variable& x) { return unary(Tanh{}, x); }
Variable erf(const Variable& x) { return unary(ErrorFunction{}, x); }

Variable clamp(const Variable& x, double low, double high) {
  require(low <= high, "clamp", "expects low <= high, got ", low, " and ", high);
  return number(Clamp{low, high}, x);
}

}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
// Arithmetic and comparison of two tensors of one type, element by element, or of a tensor and a number that is the
// same for all. Shapes are broadcast by NumPy's rules; the gradient of what was broadcast is summed in a fixed order.
// f32, bf16 and f64, with gradients to both; integers (i32, u8) except for divide and pow, without. All throw
// std::invalid_argument for two types or devices, shapes that can't be broadcast, and a number that an integer tensor
// can't hold.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

Variable add(const Variable& a, const Variable& b);
Variable add(const Variable& a, double b);
Variable subtract(const Variable& a, const Variable& b);
Variable subtract(const Variable& a, double b);
Variable subtract(double a, const Variable& b);
Variable multiply(const Variable& a, const Variable& b);
Variable multiply(const Variable& a, double b);
Variable divide(const Variable& a, const Variable& b);
Variable divide(const Variable& a, double b);
Variable divide(double a, const Variable& b);
// a^b; NaN where a < 0 and b is no whole number. At a = 0, the gradient of b is 0 for b >= 0.
Variable pow(const Variable& a, const Variable& b);
Variable pow(const Variable& a, double b);
Variable pow(double a, const Variable& b);
// NaN where one is NaN; equal operands share the gradient evenly.
Variable maximum(const Variable& a, const Variable& b);
Variable maximum(const Variable& a, double b);
Variable minimum(const Variable& a, const Variable& b);
Variable minimum(const Variable& a, double b);

// Masks: 1 where it holds, else 0, of type u8, without a gradient. NaN is equal to nothing.
Variable equal(const Variable& a, const Variable& b);
Variable equal(const Variable& a, double b);
Variable not_equal(const Variable& a, const Variable& b);
Variable not_equal(const Variable& a, double b);
Variable less(const Variable& a, const Variable& b);
Variable less(const Variable& a, double b);
Variable less_equal(const Variable& a, const Variable& b);
Variable less_equal(const Variable& a, double b);
Variable greater(const Variable& a, const Variable& b);
Variable greater(const Variable& a, double b);
Variable greater_equal(const Variable& a, const Variable& b);
Variable greater_equal(const Variable& a, double b);
// Of masks or numbers, which hold where they are not 0.
Variable logical_and(const Variable& a, const Variable& b);
Variable logical_or(const Variable& a, const Variable& b);
Variable logical_xor(const Variable& a, const Variable& b);
Variable logical_not(const Variable& a);

// a where `mask`, of type u8, is not 0, else b; the three are broadcast to one shape. What is not chosen gets gradient
// 0.
Variable where(const Variable& mask, const Variable& a, const Variable& b);

}  // namespace sluice::ops

namespace sluice {

inline Variable operator-(const Variable& x) { return ops::multiply(x, -1); }
inline Variable operator+(const Variable& a, const Variable& b) { return ops::add(a, b); }
inline Variable operator+(const Variable& a, double b) { return ops::add(a, b); }
inline Variable operator+(double a, const Variable& b) { return ops::add(b, a); }
inline Variable operator-(const Variable& a, const Variable& b) { return ops::subtract(a, b); }
inline Variable operator-(const Variable& a, double b) { return ops::subtract(a, b); }
inline Variable operator-(double a, const Variable& b) { return ops::subtract(a, b); }
inline Variable operator*(const Variable& a, const Variable& b) { return ops::multiply(a, b); }
inline Variable operator*(const Variable& a, double b) { return ops::multiply(a, b); }
inline Variable operator*(double a, const Variable& b) { return ops::multiply(b, a); }
inline Variable operator/(const Variable& a, const Variable& b) { return ops::divide(a, b); }
inline Variable operator/(const Variable& a, double b) { return ops::divide(a, b); }
inline Variable operator/(double a, const Variable& b) { return ops::divide(a, b); }

}  // namespace sluice

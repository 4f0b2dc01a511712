// SPDX-License-Identifier: Apache-2.0
// Mathematical functions of one number for kernels: the same name for float and double, on the host and on the device.
// Loops over them run on whole vectors where the C library has vector forms (glibc 2.35 and later on x86-64), which are
// within 4 units in the last place.
#pragma once

#include <cmath>
#include <limits>

#include <sluice/base/host_device.h>

#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__) && defined(__x86_64__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 35)
// Declared anew, so that the compiler knows their vector forms.
extern "C" {
#define SLUICE_VECTOR_FORM(name)                                      \
  __attribute__((simd("notinbranch"))) float name##f(float) noexcept; \
  __attribute__((simd("notinbranch"))) double name(double) noexcept;
SLUICE_VECTOR_FORM(exp)
SLUICE_VECTOR_FORM(expm1)
SLUICE_VECTOR_FORM(log)
SLUICE_VECTOR_FORM(log1p)
SLUICE_VECTOR_FORM(sin)
SLUICE_VECTOR_FORM(cos)
SLUICE_VECTOR_FORM(tanh)
SLUICE_VECTOR_FORM(erf)
SLUICE_VECTOR_FORM(erfc)
#undef SLUICE_VECTOR_FORM
__attribute__((simd("notinbranch"))) float powf(float, float) noexcept;
__attribute__((simd("notinbranch"))) double pow(double, double) noexcept;
}
#endif
#endif

namespace sluice::math {

SLUICE_HOST_DEVICE inline float exp(float x) { return ::expf(x); }
SLUICE_HOST_DEVICE inline double exp(double x) { return ::exp(x); }
SLUICE_HOST_DEVICE inline float expm1(float x) { return ::expm1f(x); }
SLUICE_HOST_DEVICE inline double expm1(double x) { return ::expm1(x); }
SLUICE_HOST_DEVICE inline float log(float x) { return ::logf(x); }
SLUICE_HOST_DEVICE inline double log(double x) { return ::log(x); }
SLUICE_HOST_DEVICE inline float log1p(float x) { return ::log1pf(x); }
SLUICE_HOST_DEVICE inline double log1p(double x) { return ::log1p(x); }
SLUICE_HOST_DEVICE inline float sqrt(float x) { return ::sqrtf(x); }
SLUICE_HOST_DEVICE inline double sqrt(double x) { return ::sqrt(x); }
SLUICE_HOST_DEVICE inline float sin(float x) { return ::sinf(x); }
SLUICE_HOST_DEVICE inline double sin(double x) { return ::sin(x); }
SLUICE_HOST_DEVICE inline float cos(float x) { return ::cosf(x); }
SLUICE_HOST_DEVICE inline double cos(double x) { return ::cos(x); }
SLUICE_HOST_DEVICE inline float tanh(float x) { return ::tanhf(x); }
SLUICE_HOST_DEVICE inline double tanh(double x) { return ::tanh(x); }
SLUICE_HOST_DEVICE inline float erf(float x) { return ::erff(x); }
SLUICE_HOST_DEVICE inline double erf(double x) { return ::erf(x); }
SLUICE_HOST_DEVICE inline float erfc(float x) { return ::erfcf(x); }
SLUICE_HOST_DEVICE inline double erfc(double x) { return ::erfc(x); }
SLUICE_HOST_DEVICE inline float pow(float x, float y) { return ::powf(x, y); }
SLUICE_HOST_DEVICE inline double pow(double x, double y) { return ::pow(x, y); }

// |x|; -1, 0 or 1 with the sign of x (NaN for NaN); the larger and the smaller, NaN where one is NaN.
template <class R>
SLUICE_HOST_DEVICE inline R abs(R x) {
  return x < 0 ? -x : x + R(0);
}
template <class R>
SLUICE_HOST_DEVICE inline R sign(R x) {
  return x > 0 ? R(1) : x < 0 ? R(-1) : x;
}
template <class R>
SLUICE_HOST_DEVICE inline R maximum(R a, R b) {
  return (a > b || a != a) ? a : b;
}
template <class R>
SLUICE_HOST_DEVICE inline R minimum(R a, R b) {
  return (a < b || a != a) ? a : b;
}

}  // namespace sluice::math

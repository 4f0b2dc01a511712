// SPDX-License-Identifier: Apache-2.0
// From a run-time element type and device to one kernel. Every kernel is a template on the activation type with the
// same signature in kernels::cpu and kernels::cuda and takes the Exec first; this file is the one place with the
// build's #ifdef.
#pragma once

#include "kernels/base/error.h"
#include "kernels/base/exec.h"
#include "kernels/base/types.h"

namespace sluice {

// Calls f(T{}) with T = float, BFloat16 or double.
template <class F>
decltype(auto) with_float_type(DType dtype, const char* where, F&& f) {
  switch (dtype) {
    case DType::f32: return f(float{});
    case DType::bf16: return f(BFloat16{});
    case DType::f64: return f(double{});
    default: throw std::invalid_argument(concat("[", where, "] expects f32, bf16 or f64, got ", name_of(dtype)));
  }
}

}  // namespace sluice

#ifdef SLUICE_WITH_CUDA
#define SLUICE_CUDA_KERNEL(T, exec, kernel, ...)                           \
  if constexpr (std::is_same_v<T, double>)                                 \
    throw std::invalid_argument("[" #kernel "] f64 runs on the cpu only"); \
  else                                                                     \
    return ::sluice::kernels::cuda::kernel<T>(exec, __VA_ARGS__);
// Returns what that function of kernels::cuda returns.
#define SLUICE_ON_CUDA(...) return ::sluice::kernels::cuda::__VA_ARGS__
// The one or the other expression.
#define SLUICE_WITH_CUDA_ELSE(with, without) (with)
#else
#define SLUICE_WITH_CUDA_ELSE(with, without) (without)
#define SLUICE_ON_CUDA(...) throw ::sluice::DeviceError("this build of Sluice has no CUDA device")
#define SLUICE_CUDA_KERNEL(T, exec, kernel, ...) \
  throw ::sluice::DeviceError("[" #kernel "] this build of Sluice has no CUDA device");
#endif

// SLUICE_KERNEL(float, exec, relu_forward, n, x, y): runs (or queries) the kernel of that name on exec.device.
#define SLUICE_KERNEL(T, exec, kernel, ...)                                                                           \
  [&]() -> decltype(::sluice::kernels::cpu::kernel<T>(exec, __VA_ARGS__)) {                                           \
    if ((exec).device.kind == ::sluice::DeviceKind::cpu) return ::sluice::kernels::cpu::kernel<T>(exec, __VA_ARGS__); \
    SLUICE_CUDA_KERNEL(T, exec, kernel, __VA_ARGS__)                                                                  \
  }()

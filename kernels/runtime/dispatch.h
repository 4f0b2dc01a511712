// SPDX-License-Identifier: Apache-2.0
// From a run-time element type and device to one kernel. Every kernel is a template on the activation type with the
// same signature in kernels::cpu and kernels::cuda and takes the Exec first; this file is the one place with the
// build's #ifdef.
#pragma once

#include <sluice/base/error.h>
#include <sluice/base/exec.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/types.h>
#include <sluice/config.h>

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

namespace detail {
template <class Device, class T, class... Rest, class F>
auto call_with_type(DType dtype, const char* where, F& f, Types<T, Rest...>) {
  if (dtype == dtype_of<T>) return f.template operator()<Device, T>();
  if constexpr (sizeof...(Rest) > 0)
    return call_with_type<Device>(dtype, where, f, Types<Rest...>{});
  else
    throw std::invalid_argument(concat("[", where, "] has no ", name_of(dtype), " kernel on this device"));
}
}  // namespace detail

// From a run-time device and element type to one kernel: calls f.operator()<Device, T>() with Device = Cpu or Cuda and
// T the C++ type of `dtype`, and returns what it returns.
//
//   dispatch(exec, x.dtype(), "softmax", [&]<class Device, class T>() {
//     kernels::Softmax<Device>::forward(exec, rows, classes, x.ptr<const T>(), y.ptr<T>());
//   });
//
// Throws std::invalid_argument where the device has no kernel for that type, DeviceError where the build has no such
// device. With OnCuda = Types<> f is not compiled for CUDA.
template <class OnCpu = CpuTypes, class OnCuda = CudaTypes, class F>
auto dispatch(const Exec& exec, DType dtype, const char* where, F&& f) {
  if (exec.device.kind == DeviceKind::cpu) return detail::call_with_type<Cpu>(dtype, where, f, OnCpu{});
  if constexpr (kWithCuda && !std::is_same_v<OnCuda, Types<>>)
    return detail::call_with_type<Cuda>(dtype, where, f, OnCuda{});
  else
    throw DeviceError(concat("[", where, "] this build of Sluice has no CUDA device"));
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

// SPDX-License-Identifier: Apache-2.0
// From a run-time device and element type to one kernel:
//
//   dispatch(exec, x.dtype(), "softmax", [&]<class Device, class T>() {
//     kernels::Softmax<Device>::forward(exec, rows, classes, x.data<T>(), y.mutable_data<T>());
//   });
//
// Every kernel is a static member of a contract, a class template on the device (kernels/*.h).
#pragma once

#include <sluice/base/error.h>
#include <sluice/base/exec.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/types.h>
#include <sluice/config.h>

namespace sluice {

// Returns f.operator()<Device>() with Device = Cpu or Cuda. Throws DeviceError where the build has no such device.
template <class F>
auto dispatch_device(const Exec& exec, const char* where, F&& f) {
  if (exec.device.kind == DeviceKind::cpu) return f.template operator()<Cpu>();
  if constexpr (kWithCuda)
    return f.template operator()<Cuda>();
  else
    throw DeviceError(concat("[", where, "] this build of Sluice has no CUDA device"));
}

// Returns f.operator()<Device, T>() with T the C++ type of `dtype`. Throws std::invalid_argument where the device has
// no kernel for that type, DeviceError as above. With OnCuda = Types<> f is not compiled for CUDA.
template <class OnCpu = CpuTypes, class OnCuda = CudaTypes, class F>
auto dispatch(const Exec& exec, DType dtype, const char* where, F&& f) {
  if (exec.device.kind == DeviceKind::cpu)
    return with_type(OnCpu{}, dtype, where, [&]<class T>() { return f.template operator()<Cpu, T>(); });
  if constexpr (kWithCuda && !std::is_same_v<OnCuda, Types<>>)
    return with_type(OnCuda{}, dtype, where, [&]<class T>() { return f.template operator()<Cuda, T>(); });
  else
    throw DeviceError(concat("[", where, "] this build of Sluice has no CUDA device"));
}

// The same for the types of parameters and losses.
template <class F>
auto dispatch_master(const Exec& exec, DType dtype, const char* where, F&& f) {
  return dispatch<CpuMasterTypes, CudaMasterTypes>(exec, dtype, where, f);
}

}  // namespace sluice

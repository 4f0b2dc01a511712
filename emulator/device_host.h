// SPDX-License-Identifier: Apache-2.0
// The device language under a host compiler: CUDA's built-ins over the emulator. Included by kernels/cuda/device.h
// only.
#pragma once

#include <sluice/emulator/device_atomics.h>
#include <sluice/emulator/device_functions.h>
#include <sluice/emulator/device_warp.h>
#include <sluice/emulator/emulator.h>
#include <sluice/emulator/runtime.h>

#define SHARED(name, ...) auto& name = ::sluice::emulator::shared<__VA_ARGS__>(#name, [] {})
#define SHARED_DYNAMIC(T, name) T* name = static_cast<T*>(::sluice::emulator::dynamic_shared_memory())
#define UNROLL
#define ROLLED
#define threadIdx (::sluice::emulator::built_ins.thread)
#define blockIdx (::sluice::emulator::built_ins.block)
#define blockDim (::sluice::emulator::built_ins.block_extents)
#define gridDim (::sluice::emulator::built_ins.grid_extents)
#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __grid_constant__
#define __grid_constant__
constexpr int warpSize = 32;

#ifdef __SANITIZE_THREAD__
// In the checked build, calls of these in device code go to the checker, which the C library's would pass by.
extern "C" void* memcpy(void*, const void*, std::size_t) noexcept __asm__("sluice_checked_memcpy");
extern "C" void* memmove(void*, const void*, std::size_t) noexcept __asm__("sluice_checked_memcpy");
extern "C" void* memset(void*, int, std::size_t) noexcept __asm__("sluice_checked_memset");
#endif

namespace sluice::kernels::cuda {

template <class T>
const void* pointer_or_null(const T& parameter) {
  if constexpr (std::is_pointer_v<T> && !std::is_function_v<std::remove_pointer_t<T>>)
    return parameter;
  else
    return nullptr;
}

// A kernel with its parameters, copied when it is launched.
template <class... Parameters>
struct KernelCall {
  void (*kernel)(Parameters...);
  std::tuple<Parameters...> parameters;

  template <std::size_t... i>
  UNCHECKED void run(std::index_sequence<i...>) const {
    kernel(std::get<i>(parameters)...);
  }
  UNCHECKED static void run(void* call) {
    static_cast<const KernelCall*>(call)->run(std::index_sequence_for<Parameters...>());
  }
};

template <class... Parameters>
cudaError_t launch_kernel(const char* name, dim3 grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream,
                          void (*kernel)(Parameters...), Parameters... parameters) {
  using Call = KernelCall<Parameters...>;
  emulator::Launch launch{.kernel = name,
                          .function = reinterpret_cast<const void*>(kernel),
                          .grid = {grid.x, grid.y, grid.z},
                          .block = {block.x, block.y, block.z},
                          .dynamic_shared_bytes = shared_bytes,
                          .entry = Call::run,
                          .argument = nullptr,
                          .argument_bytes = sizeof(Call),
                          .pointers = {pointer_or_null(parameters)...}};
  return emulator::enqueue_launch(stream, std::move(launch), std::make_shared<Call>(Call{kernel, {parameters...}}));
}

}  // namespace sluice::kernels::cuda

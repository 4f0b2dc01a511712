// SPDX-License-Identifier: Apache-2.0
// Lists of element types, and how a source file compiles its function templates for each of them:
//
//   [[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
//     return std::tuple(&Softmax<Cpu>::forward<T>, &Softmax<Cpu>::backward<T>);
//   });
//
// Taking the address of a function makes the compiler emit it, so no signature is repeated.
#pragma once

#include <cstdint>
#include <tuple>

#include <sluice/base/types.h>

namespace sluice {

template <class... T>
struct Types {};

template <class T>
struct Type {
  using type = T;
};

// The floating types that the kernels of each device take. CUDA has no f64: it is there to check the others, on the
// CPU.
using CpuTypes = Types<float, BFloat16, double>;
using CudaTypes = Types<float, BFloat16>;
// With the integers.
using CpuNumberTypes = Types<float, BFloat16, double, std::int32_t, std::uint8_t>;
using CudaNumberTypes = Types<float, BFloat16, std::int32_t, std::uint8_t>;

// The addresses that `functions_of(Type<T>{})` names, for every T of the list.
template <class... T, class FunctionsOf>
constexpr auto instantiate(Types<T...>, FunctionsOf functions_of) {
  return std::tuple_cat(functions_of(Type<T>{})...);
}

}  // namespace sluice

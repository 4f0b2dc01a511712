// SPDX-License-Identifier: Apache-2.0
// Lists of element types; the step from a run-time element type to a C++ type; and how a source file compiles its
// function templates for each type of a list:
//
//   [[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
//     return std::tuple(&Softmax<Cpu>::forward<T>, &Softmax<Cpu>::backward<T>);
//   });
//
// Taking the address of a function makes the compiler emit it, so no signature is repeated.
#pragma once

#include <cstdint>
#include <tuple>

#include <sluice/base/error.h>
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
// The types of parameters, statistics and losses.
using CpuMasterTypes = Types<float, double>;
using CudaMasterTypes = Types<float>;

// The addresses that `functions_of(Type<T>{})` names, for every T of the list.
template <class... T, class FunctionsOf>
constexpr auto instantiate(Types<T...>, FunctionsOf functions_of) {
  return std::tuple_cat(functions_of(Type<T>{})...);
}

// Returns f.operator()<T>() with T the type of the list that `dtype` names. Throws std::invalid_argument where the list
// has none.
template <class T, class... Rest, class F>
auto with_type(Types<T, Rest...>, DType dtype, const char* where, F&& f) {
  if (dtype == dtype_of<T>) return f.template operator()<T>();
  if constexpr (sizeof...(Rest) > 0)
    return with_type(Types<Rest...>{}, dtype, where, f);
  else
    throw std::invalid_argument(concat("[", where, "] has no ", name_of(dtype), " kernel on this device"));
}

}  // namespace sluice

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/linear.h>

#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/linear_program.h>
#include <sluice/kernels/runtime/settings.h>

namespace sluice::kernels::cpu {
namespace {

template <class T>
bool by_program(const LinearShape& s) {
  if constexpr (std::is_same_v<T, double>) return false;
  return engine() == Engine::fastest && s.rows > 0 && s.in_features > 0 && s.out_features > 0;
}

template <class T>
void forward_row(const LinearShape& s, const T* x, const Master<T>* weight, const Master<T>* bias, T* y) {
  for (std::int64_t k = 0; k < s.out_features; ++k) {
    Master<T> sum = bias == nullptr ? Master<T>(0) : bias[k];
    for (std::int64_t c = 0; c < s.in_features; ++c)
      sum += static_cast<Master<T>>(x[c]) * weight[k * s.in_features + c];
    y[k] = T(sum);
  }
}

template <class T>
void backward_input_row(const LinearShape& s, const Master<T>* weight, const T* dy, T* dx) {
  for (std::int64_t c = 0; c < s.in_features; ++c) {
    Master<T> sum = 0;
    for (std::int64_t k = 0; k < s.out_features; ++k)
      sum += static_cast<Master<T>>(dy[k]) * weight[k * s.in_features + c];
    dx[c] = T(sum);
  }
}

template <class T>
void backward_weight_row(const LinearShape& s, std::int64_t k, const T* x, const T* dy, Master<T>* dweight) {
  std::fill_n(dweight, s.in_features, Master<T>(0));
  for (std::int64_t n = 0; n < s.rows; ++n) {
    const auto gradient = static_cast<Master<T>>(dy[n * s.out_features + k]);
    for (std::int64_t c = 0; c < s.in_features; ++c)
      dweight[c] += gradient * static_cast<Master<T>>(x[n * s.in_features + c]);
  }
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t Linear<Cpu>::forward_scratch_bytes(const Exec&, const LinearShape& shape) {
  if constexpr (kLinearPrograms && !std::is_same_v<T, double>)
    if (by_program<T>(shape))
      return std::max(linear_program_scratch_bytes<T>(LinearPass::forward, shape),
                      linear_program_scratch_bytes<T>(LinearPass::forward_bias, shape));
  return 0;
}

template <>
template <class T>
std::size_t Linear<Cpu>::backward_input_scratch_bytes(const Exec&, const LinearShape& shape) {
  if constexpr (kLinearPrograms && !std::is_same_v<T, double>)
    if (by_program<T>(shape)) return linear_program_scratch_bytes<T>(LinearPass::backward_input, shape);
  return 0;
}

template <>
template <class T>
std::size_t Linear<Cpu>::backward_weight_scratch_bytes(const Exec&, const LinearShape& shape) {
  const std::size_t sums = sum_rows_scratch_bytes<T>(shape.rows, shape.out_features);
  if constexpr (kLinearPrograms && !std::is_same_v<T, double>)
    if (by_program<T>(shape))
      return std::max(sums, linear_program_scratch_bytes<T>(LinearPass::backward_weight, shape));
  return sums;
}

template <>
template <class T>
void Linear<Cpu>::forward(const Exec&, const LinearShape& shape, const T* x, Weight<T> weight, const Master<T>* bias,
                          T* y, void* scratch) {
  if constexpr (kLinearPrograms && !std::is_same_v<T, double>)
    if (by_program<T>(shape))
      return run_linear_program<T>(bias == nullptr ? LinearPass::forward : LinearPass::forward_bias, shape, x,
                                   weight.master, bias, y, scratch);
  parallel_for(shape.rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n)
      forward_row(shape, x + n * shape.in_features, weight.master, bias, y + n * shape.out_features);
  });
}

template <>
template <class T>
void Linear<Cpu>::backward_input(const Exec&, const LinearShape& shape, Weight<T> weight, const T* dy, T* dx,
                                 void* scratch) {
  if constexpr (kLinearPrograms && !std::is_same_v<T, double>)
    if (by_program<T>(shape))
      return run_linear_program<T>(LinearPass::backward_input, shape, dx, weight.master, nullptr, dy, scratch);
  parallel_for(shape.rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n)
      backward_input_row(shape, weight.master, dy + n * shape.out_features, dx + n * shape.in_features);
  });
}

template <>
template <class T>
void Linear<Cpu>::backward_weight(const Exec&, const LinearShape& shape, const T* x, const T* dy, Master<T>* dweight,
                                  Master<T>* dbias, void* scratch) {
  if (dbias != nullptr) sum_rows<T>(shape.rows, shape.out_features, dy, dbias, scratch);
  if constexpr (kLinearPrograms && !std::is_same_v<T, double>)
    if (by_program<T>(shape))
      return run_linear_program<T>(LinearPass::backward_weight, shape, x, dweight, nullptr, dy, scratch);
  parallel_for(shape.out_features, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) backward_weight_row(shape, k, x, dy, dweight + k * shape.in_features);
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Linear<Cpu>::forward_scratch_bytes<T>, &Linear<Cpu>::backward_input_scratch_bytes<T>,
                    &Linear<Cpu>::backward_weight_scratch_bytes<T>, &Linear<Cpu>::forward<T>,
                    &Linear<Cpu>::backward_input<T>, &Linear<Cpu>::backward_weight<T>);
});

}  // namespace sluice::kernels

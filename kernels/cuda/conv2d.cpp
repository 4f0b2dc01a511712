// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv2d.h"

#include "kernels/cuda/conv2d_algorithm.h"

namespace sluice::kernels::cuda {
namespace {

template <class T>
Conv2dAlgorithm<T> algorithm_for(Conv2dPass pass, const Conv2dShape& shape) {
  const Conv2dAlgorithm<T> gemm = conv2d_gemm<T>(matmul_precision());
  return gemm.supports(pass, shape) ? gemm : conv2d_direct<T>();
}

}  // namespace

template <class T>
std::size_t conv2d_scratch_bytes(const Exec&, Conv2dPass pass, const Conv2dShape& shape) {
  return algorithm_for<T>(pass, shape).scratch_bytes(pass, shape);
}

template <class T>
void conv2d(const Exec& exec, Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands,
            void* scratch) {
  algorithm_for<T>(pass, shape).run(exec, pass, shape, operands, scratch);
}

template <class T>
std::size_t conv2d_forward_scratch_bytes(const Exec& exec, const Conv2dShape& shape) {
  return conv2d_scratch_bytes<T>(exec, Conv2dPass::forward, shape);
}

template <class T>
std::size_t conv2d_backward_input_scratch_bytes(const Exec& exec, const Conv2dShape& shape) {
  return conv2d_scratch_bytes<T>(exec, Conv2dPass::backward_input, shape);
}

template <class T>
std::size_t conv2d_backward_weight_scratch_bytes(const Exec& exec, const Conv2dShape& shape) {
  return conv2d_scratch_bytes<T>(exec, Conv2dPass::backward_weight, shape);
}

// The operands of all passes are one struct, so what a pass only reads loses its const on the way.
template <class T>
void conv2d_forward(const Exec& exec, const Conv2dShape& shape, const T* x, const Master<T>* weight,
                    const Master<T>* bias, T* y, void* scratch) {
  conv2d<T>(exec, Conv2dPass::forward, shape,
            {const_cast<T*>(x), const_cast<float*>(weight), const_cast<float*>(bias), y}, scratch);
}

template <class T>
void conv2d_backward_input(const Exec& exec, const Conv2dShape& shape, const Master<T>* weight, const T* dy, T* dx,
                           void* scratch) {
  conv2d<T>(exec, Conv2dPass::backward_input, shape, {dx, const_cast<float*>(weight), nullptr, const_cast<T*>(dy)},
            scratch);
}

template <class T>
void conv2d_backward_weight(const Exec& exec, const Conv2dShape& shape, const T* x, const T* dy, Master<T>* dweight,
                            Master<T>* dbias, void* scratch) {
  conv2d<T>(exec, Conv2dPass::backward_weight, shape, {const_cast<T*>(x), dweight, dbias, const_cast<T*>(dy)}, scratch);
}

#define SLUICE_INSTANTIATE(T)                                                                                       \
  template std::size_t conv2d_scratch_bytes<T>(const Exec&, Conv2dPass, const Conv2dShape&);                        \
  template void conv2d(const Exec&, Conv2dPass, const Conv2dShape&, const Conv2dOperands<T>&, void*);               \
  template std::size_t conv2d_forward_scratch_bytes<T>(const Exec&, const Conv2dShape&);                            \
  template std::size_t conv2d_backward_input_scratch_bytes<T>(const Exec&, const Conv2dShape&);                     \
  template std::size_t conv2d_backward_weight_scratch_bytes<T>(const Exec&, const Conv2dShape&);                    \
  template void conv2d_forward(const Exec&, const Conv2dShape&, const T*, const Master<T>*, const Master<T>*, T*,   \
                               void*);                                                                              \
  template void conv2d_backward_input(const Exec&, const Conv2dShape&, const Master<T>*, const T*, T*, void*);      \
  template void conv2d_backward_weight(const Exec&, const Conv2dShape&, const T*, const T*, Master<T>*, Master<T>*, \
                                       void*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// The implementations of convolution on the CUDA device, as the entry (conv2d.cpp) chooses among them.
#pragma once

#include <string_view>

#include <sluice/kernels/conv2d.h>
#include <sluice/kernels/conv2d_pass.h>
#include <sluice/kernels/runtime/settings.h>

namespace sluice::kernels::cuda {

// What a pass reads and writes: forward y from x, weight and bias; backward_input x from weight and y; backward_weight
// weight and bias from x and y. The names are those of forward; gradients take their places. Others are nullptr.
template <class T>
struct Conv2dOperands {
  T* x;
  float* weight;
  float* bias;
  T* y;
  const T* rounded_weight = nullptr;  // as Weight has it
  float* moments = nullptr;           // of y, written by forward where the algorithm has them
};

template <class T>
struct Conv2dAlgorithm {
  std::string_view name;
  bool (*supports)(Conv2dPass, const Conv2dShape&);
  std::size_t (*scratch_bytes)(Conv2dPass, const Conv2dShape&);
  void (*run)(const Exec&, Conv2dPass, const Conv2dShape&, const Conv2dOperands<T>&, void* scratch);
  // As conv2d_moments_run (kernels/conv2d.h); nullptr where forward can't leave moments.
  std::int64_t (*moments_run)(const Conv2dShape&) = nullptr;
};

// A thread a result, in float: any shape (conv2d_direct.cu).
template <class T>
Conv2dAlgorithm<T> conv2d_direct();

// A filter for each channel by itself (conv2d_depthwise.cu): sizes below 2^30.
template <class T>
Conv2dAlgorithm<T> conv2d_depthwise();

// Groups of a multiple of four channels in and out (conv2d_grouped.cu): sizes below 2^30.
template <class T>
Conv2dAlgorithm<T> conv2d_grouped();

// Matrix products on tensor cores, or in f32 by fused multiply-adds (conv2d_gemm.cu): one group, sizes below 2^30.
template <class T>
Conv2dAlgorithm<T> conv2d_gemm(MatmulPrecision precision);

// Runs the pass by the algorithm chosen for its shape; scratch of the size that it asks for.
template <class T>
std::size_t conv2d_scratch_bytes(const Exec&, Conv2dPass, const Conv2dShape&);
template <class T>
void conv2d(const Exec&, Conv2dPass, const Conv2dShape&, const Conv2dOperands<T>&, void* scratch);

}  // namespace sluice::kernels::cuda

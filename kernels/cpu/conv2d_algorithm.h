// SPDX-License-Identifier: Apache-2.0
// The implementations of convolution on the CPU, as the entry (conv2d.cpp) chooses among them.
#pragma once

#include <span>
#include <string_view>

#include <sluice/kernels/conv2d.h>
#include <sluice/kernels/conv2d_pass.h>

namespace sluice::kernels::cpu {

// What a pass reads and writes: forward y from x, weight and bias; backward_input x from weight and y; backward_weight
// weight and bias from x and y. The names are those of forward; gradients take their places. Others are nullptr.
template <class T>
struct Conv2dOperands {
  T* x;
  Master<T>* weight;
  Master<T>* bias;
  T* y;
};

template <class T>
struct Conv2dAlgorithm {
  std::string_view name;
  bool (*supports)(Conv2dPass, const Conv2dShape&);
  std::size_t (*scratch_bytes)(Conv2dPass, const Conv2dShape&);
  void (*run)(Conv2dPass, const Conv2dShape&, const Conv2dOperands<T>&, void* scratch);
};

// Plain loops: any shape, any type.
template <class T>
Conv2dAlgorithm<T> conv2d_plain();

// A filter for each channel by itself (conv2d_depthwise.cpp), for T = float and BFloat16.
template <class T>
Conv2dAlgorithm<T> conv2d_depthwise();

// Our own Winograd (winograd.h), for T = float and BFloat16.
template <class T>
Conv2dAlgorithm<T> conv2d_winograd();

// oneDNN's, for T = float and BFloat16, those that are likely the fastest first; empty in a build without it.
template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_onednn();

// bias [K] = sums over the rows of y [rows,K] in an order that does not depend on the number of threads.
template <class T>
std::size_t sum_rows_scratch_bytes(std::int64_t rows, std::int64_t columns);
template <class T>
void sum_rows(std::int64_t rows, std::int64_t columns, const T* y, Master<T>* sums, void* scratch);

}  // namespace sluice::kernels::cpu

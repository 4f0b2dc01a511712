// SPDX-License-Identifier: Apache-2.0
// Softmax and cross entropy in one pass over logits [N,C]: the mean over the rows that count, or each row's loss. Bound
// by bytes: forward reads the logits, backward reads them and writes as many.
//
//   p = softmax(x_i), y = labels[i], e = label_smoothing, w = class weights (1 where absent)
//   row loss  l_i = -(1 - e) w_y log p_y - (e / C) sum_c w_c log p_c      0 where y == ignore_index
//   loss          = sum_i l_i / sum_i w_(y_i), rows that are not ignored  NaN where none is left
//
// A label that is neither in [0,C) nor ignore_index: the caller's to refuse on the CPU, where the kernels index by it
// unseen; on a CUDA device, where nobody waits to look, it makes its row's loss and gradient NaN, and so the mean loss
// and all gradients of that.
//
// Source: Szegedy et al., "Rethinking the Inception architecture", 2016, section 7 (smoothing); the weighted mean is
// that of torch.nn.functional.cross_entropy(reduction='mean').
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct CrossEntropyGeometry {
  std::int64_t rows = 0;     // N
  std::int64_t classes = 0;  // C
  double label_smoothing = 0;
  std::int32_t ignore_index = -100;
};

template <class Device>
struct CrossEntropy {
  template <class T>
  static std::size_t forward_scratch_bytes(const Exec&, const CrossEntropyGeometry&);
  // labels [N] in [0,C) or ignore_index; class_weights [C] or nullptr. Writes the scalar loss, and for the way back
  // log_sum_exp [N] and the scalar weight_sum (the loss's divisor).
  template <class T>
  static void forward(const Exec&, const CrossEntropyGeometry&, const T* logits, const std::int32_t* labels,
                      const Master<T>* class_weights, Master<T>* loss, Master<T>* log_sum_exp, Master<T>* weight_sum,
                      void* scratch);
  // dlogits [N,C]; dloss is one number in device memory.
  template <class T>
  static void backward(const Exec&, const CrossEntropyGeometry&, const T* logits, const std::int32_t* labels,
                       const Master<T>* class_weights, const Master<T>* log_sum_exp, const Master<T>* weight_sum,
                       const Master<T>* dloss, T* dlogits);
  // The row losses l [N] themselves, and log_sum_exp [N] for the way back.
  template <class T>
  static void rows_forward(const Exec&, const CrossEntropyGeometry&, const T* logits, const std::int32_t* labels,
                           const Master<T>* class_weights, Master<T>* row_loss, Master<T>* log_sum_exp);
  // dlogits [N,C] from drow_loss [N]; a row to ignore gets zeros, whatever its gradient is.
  template <class T>
  static void rows_backward(const Exec&, const CrossEntropyGeometry&, const T* logits, const std::int32_t* labels,
                            const Master<T>* class_weights, const Master<T>* log_sum_exp, const Master<T>* drow_loss,
                            T* dlogits);
};

}  // namespace sluice::kernels

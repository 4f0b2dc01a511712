// SPDX-License-Identifier: Apache-2.0
// Flooded cross entropy of logits [N,C] with its gradient, in one go: |L - b| + b of the mean L that
// softmax_cross_entropy_forward defines (kernels/cross_entropy.h), as flood_forward (kernels/flood.h) has it; and what
// flood_rows_forward makes of the row losses of softmax_cross_entropy_rows_forward. The signs that the gradient takes
// are known only once the rows are, and never leave the device. On a CUDA device up to 64 Ki logits take one launch;
// more take two for the mean, and for the rows three, whose slopes lie in scratch from the second on, where the third
// reads them. Bound by bytes: the logits are read once or twice and as many are written; at the size of a batch (2048 x
// 10), by one launch.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>
#include <sluice/kernels/cross_entropy.h>
#include <sluice/kernels/flood.h>

namespace sluice::kernels {

template <class Device>
struct FloodedCrossEntropy {
  template <class T>
  static std::size_t scratch_bytes(const Exec&, const CrossEntropyGeometry&);
  // labels [N] and class_weights [C] or nullptr as softmax_cross_entropy_forward takes them; the level b is one
  // number in device memory. Writes the unflooded mean L, the flooded value, and dlogits [N,C], the value's
  // derivative by the logits.
  template <class T>
  static void forward(const Exec&, const CrossEntropyGeometry&, const T* logits, const std::int32_t* labels,
                      const Master<T>* class_weights, const double* level, Master<T>* mean, Master<T>* value,
                      T* dlogits, void* scratch);
  template <class T>
  static std::size_t rows_scratch_bytes(const Exec&, const CrossEntropyGeometry&);
  // The same of the row losses, N >= 1, each of weight 1 / N: value, mean and flooded as flood_rows_forward writes
  // them.
  template <class T>
  static void rows_forward(const Exec&, const CrossEntropyGeometry&, const FloodRule&, const T* logits,
                           const std::int32_t* labels, const Master<T>* class_weights,
                           const FloodLevels<Master<T>>& levels, Master<T>* value, Master<T>* mean, Master<T>* flooded,
                           T* dlogits, void* scratch);
};

}  // namespace sluice::kernels

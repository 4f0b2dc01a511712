// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/flooded_cross_entropy.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/flood.h>

namespace sluice::kernels::cpu {

// Of the same kernels as the operations one by one, so that the bits are theirs.
}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t FloodedCrossEntropy<Cpu>::scratch_bytes(const Exec& exec, const CrossEntropyGeometry& geometry) {
  return CrossEntropy<Cpu>::forward_scratch_bytes<T>(exec, geometry) +
         static_cast<std::size_t>(geometry.rows + 2) * sizeof(Master<T>);
}

template <>
template <class T>
void FloodedCrossEntropy<Cpu>::forward(const Exec& exec, const CrossEntropyGeometry& geometry, const T* logits,
                                       const std::int32_t* labels, const Master<T>* class_weights, const double* level,
                                       Master<T>* mean, Master<T>* value, T* dlogits, void* scratch) {
  Master<T>* weight_sum = static_cast<Master<T>*>(scratch);
  Master<T>* sign = weight_sum + 1;
  Master<T>* log_sum_exp = sign + 1;
  CrossEntropy<Cpu>::forward(exec, geometry, logits, labels, class_weights, mean, log_sum_exp, weight_sum,
                             log_sum_exp + geometry.rows);
  Flood<Cpu>::forward(exec, level, mean, value, sign);
  CrossEntropy<Cpu>::backward(exec, geometry, logits, labels, class_weights, log_sum_exp, weight_sum, sign, dlogits);
}

template <>
template <class T>
std::size_t FloodedCrossEntropy<Cpu>::rows_scratch_bytes(const Exec&, const CrossEntropyGeometry& geometry) {
  return 3 * static_cast<std::size_t>(geometry.rows) * sizeof(Master<T>);
}

template <>
template <class T>
void FloodedCrossEntropy<Cpu>::rows_forward(const Exec& exec, const CrossEntropyGeometry& geometry,
                                            const FloodRule& rule, const T* logits, const std::int32_t* labels,
                                            const Master<T>* class_weights, const FloodLevels<Master<T>>& levels,
                                            Master<T>* value, Master<T>* mean, Master<T>* flooded, T* dlogits,
                                            void* scratch) {
  Master<T>* losses = static_cast<Master<T>*>(scratch);
  Master<T>* log_sum_exp = losses + geometry.rows;
  Master<T>* slope = log_sum_exp + geometry.rows;
  CrossEntropy<Cpu>::rows_forward(exec, geometry, logits, labels, class_weights, losses, log_sum_exp);
  Flood<Cpu>::rows_forward(exec, geometry.rows, rule, losses, levels, value, mean, flooded, slope);
  CrossEntropy<Cpu>::rows_backward(exec, geometry, logits, labels, class_weights, log_sum_exp, slope, dlogits);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&FloodedCrossEntropy<Cpu>::scratch_bytes<T>, &FloodedCrossEntropy<Cpu>::forward<T>,
                    &FloodedCrossEntropy<Cpu>::rows_scratch_bytes<T>, &FloodedCrossEntropy<Cpu>::rows_forward<T>);
});

}  // namespace sluice::kernels

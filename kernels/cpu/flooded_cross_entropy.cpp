// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/flooded_cross_entropy.h>

#include <sluice/kernels/flood.h>

namespace sluice::kernels::cpu {

// Of the same kernels as the operations one by one, so that the bits are theirs.
template <class T>
std::size_t flooded_cross_entropy_scratch_bytes(const Exec& exec, const CrossEntropyGeometry& geometry) {
  return softmax_cross_entropy_forward_scratch_bytes<T>(exec, geometry) +
         static_cast<std::size_t>(geometry.rows + 2) * sizeof(Master<T>);
}

template <class T>
void flooded_cross_entropy(const Exec& exec, const CrossEntropyGeometry& geometry, const T* logits,
                           const std::int32_t* labels, const Master<T>* class_weights, const double* level,
                           Master<T>* mean, Master<T>* value, T* dlogits, void* scratch) {
  Master<T>* weight_sum = static_cast<Master<T>*>(scratch);
  Master<T>* sign = weight_sum + 1;
  Master<T>* log_sum_exp = sign + 1;
  softmax_cross_entropy_forward(exec, geometry, logits, labels, class_weights, mean, log_sum_exp, weight_sum,
                                log_sum_exp + geometry.rows);
  flood_forward(exec, level, mean, value, sign);
  softmax_cross_entropy_backward(exec, geometry, logits, labels, class_weights, log_sum_exp, weight_sum, sign, dlogits);
}

template <class T>
std::size_t flooded_cross_entropy_rows_scratch_bytes(const Exec&, const CrossEntropyGeometry& geometry) {
  return 3 * static_cast<std::size_t>(geometry.rows) * sizeof(Master<T>);
}

template <class T>
void flooded_cross_entropy_rows(const Exec& exec, const CrossEntropyGeometry& geometry, const FloodRule& rule,
                                const T* logits, const std::int32_t* labels, const Master<T>* class_weights,
                                const FloodLevels<Master<T>>& levels, Master<T>* value, Master<T>* mean,
                                Master<T>* flooded, T* dlogits, void* scratch) {
  Master<T>* losses = static_cast<Master<T>*>(scratch);
  Master<T>* log_sum_exp = losses + geometry.rows;
  Master<T>* slope = log_sum_exp + geometry.rows;
  softmax_cross_entropy_rows_forward(exec, geometry, logits, labels, class_weights, losses, log_sum_exp);
  flood_rows_forward(exec, geometry.rows, rule, losses, levels, value, mean, flooded, slope);
  softmax_cross_entropy_rows_backward(exec, geometry, logits, labels, class_weights, log_sum_exp, slope, dlogits);
}

#define SLUICE_INSTANTIATE(T)                                                                                    \
  template std::size_t flooded_cross_entropy_scratch_bytes<T>(const Exec&, const CrossEntropyGeometry&);         \
  template void flooded_cross_entropy(const Exec&, const CrossEntropyGeometry&, const T*, const std::int32_t*,   \
                                      const Master<T>*, const double*, Master<T>*, Master<T>*, T*, void*);       \
  template std::size_t flooded_cross_entropy_rows_scratch_bytes<T>(const Exec&, const CrossEntropyGeometry&);    \
  template void flooded_cross_entropy_rows(const Exec&, const CrossEntropyGeometry&, const FloodRule&, const T*, \
                                           const std::int32_t*, const Master<T>*, const FloodLevels<Master<T>>&, \
                                           Master<T>*, Master<T>*, Master<T>*, T*, void*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)
SLUICE_INSTANTIATE(double)

}  // namespace sluice::kernels::cpu

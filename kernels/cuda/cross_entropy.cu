// SPDX-License-Identifier: Apache-2.0
// Softmax cross entropy of logits [N,C]: a launch over the rows, then one block adds the row losses up in order. Bound
// by bytes: logits read; backward reads them and writes as many.
#include "kernels/cuda/cross_entropy.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 128, kMeanThreads = 1024;

template <int lanes, class T>
__global__ void __launch_bounds__(kThreads)
    cross_entropy_rows_kernel(CrossEntropyGeometry g, const T* logits, const std::int32_t* labels,
                              const float* class_weights, float* row_loss, float* log_sum_exp) {
  const std::int64_t row = row_of_thread<lanes>();
  if (row >= g.rows) return;
  const float loss = row_loss_of<lanes>(g, logits + row * g.classes, labels[row], class_weights, log_sum_exp + row);
  if (lane_of_row<lanes>() == 0) row_loss[row] = loss;
}

__global__ void __launch_bounds__(kMeanThreads)
    cross_entropy_mean_kernel(CrossEntropyGeometry g, const float* row_loss, const std::int32_t* labels,
                              const float* class_weights, float* loss, float* weight_sum) {
  LossSums sums{};
  for (std::int64_t row = threadIdx.x; row < g.rows; row += kMeanThreads)
    sums.add(row_loss[row], labels[row], g.ignore_index, class_weights);
  sums = sums.over_block<kMeanThreads>();
  if (threadIdx.x != 0) return;
  *loss = static_cast<float>(sums.losses / sums.weights);
  *weight_sum = static_cast<float>(sums.weights);
}

// The factor of a row: dloss / weight_sum for the mean, or the row's own where drow_loss is given.
template <int lanes, class T>
__global__ void __launch_bounds__(kThreads)
    cross_entropy_backward_kernel(CrossEntropyGeometry g, const T* logits, const std::int32_t* labels,
                                  const float* class_weights, const float* log_sum_exp, const float* weight_sum,
                                  const float* dloss, const float* drow_loss, T* dlogits) {
  const std::int64_t row = row_of_thread<lanes>();
  if (row >= g.rows) return;
  const float factor = drow_loss == nullptr ? *dloss / *weight_sum : drow_loss[row];
  row_gradient<lanes>(g, logits + row * g.classes, labels[row], class_weights, log_sum_exp[row], factor,
                      dlogits + row * g.classes);
}

template <class T>
void launch_rows(const Exec& exec, const CrossEntropyGeometry& g, const T* logits, const std::int32_t* labels,
                 const float* class_weights, float* row_loss, float* log_sum_exp) {
  if (g.rows == 0) return;
  with_lanes(g.classes, [&](auto lanes) {
    launch(exec, {"cross_entropy_rows", blocks_for(g.rows * lanes, kThreads), kThreads},
           cross_entropy_rows_kernel<lanes, T>, g, logits, labels, class_weights, row_loss, log_sum_exp);
  });
}

template <class T>
void launch_backward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits, const std::int32_t* labels,
                     const float* class_weights, const float* log_sum_exp, const float* weight_sum, const float* dloss,
                     const float* drow_loss, T* dlogits) {
  if (g.rows == 0) return;
  with_lanes(g.classes, [&](auto lanes) {
    launch(exec, {"cross_entropy_backward", blocks_for(g.rows * lanes, kThreads), kThreads},
           cross_entropy_backward_kernel<lanes, T>, g, logits, labels, class_weights, log_sum_exp, weight_sum, dloss,
           drow_loss, dlogits);
  });
}

}  // namespace

template <class T>
std::size_t softmax_cross_entropy_forward_scratch_bytes(const Exec&, const CrossEntropyGeometry& g) {
  return static_cast<std::size_t>(g.rows) * sizeof(float);
}

template <class T>
void softmax_cross_entropy_forward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                   const std::int32_t* labels, const Master<T>* class_weights, Master<T>* loss,
                                   Master<T>* log_sum_exp, Master<T>* weight_sum, void* scratch) {
  auto* const row_loss = static_cast<float*>(scratch);
  launch_rows(exec, g, logits, labels, class_weights, row_loss, log_sum_exp);
  launch(exec, {"cross_entropy_mean", 1, kMeanThreads}, cross_entropy_mean_kernel, g, row_loss, labels, class_weights,
         loss, weight_sum);
}

template <class T>
void softmax_cross_entropy_backward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                    const std::int32_t* labels, const Master<T>* class_weights,
                                    const Master<T>* log_sum_exp, const Master<T>* weight_sum, const Master<T>* dloss,
                                    T* dlogits) {
  launch_backward(exec, g, logits, labels, class_weights, log_sum_exp, weight_sum, dloss, nullptr, dlogits);
}

template <class T>
void softmax_cross_entropy_rows_forward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                        const std::int32_t* labels, const Master<T>* class_weights, Master<T>* row_loss,
                                        Master<T>* log_sum_exp) {
  launch_rows(exec, g, logits, labels, class_weights, row_loss, log_sum_exp);
}

template <class T>
void softmax_cross_entropy_rows_backward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                         const std::int32_t* labels, const Master<T>* class_weights,
                                         const Master<T>* log_sum_exp, const Master<T>* drow_loss, T* dlogits) {
  launch_backward(exec, g, logits, labels, class_weights, log_sum_exp, nullptr, nullptr, drow_loss, dlogits);
}

#define SLUICE_INSTANTIATE(T)                                                                                          \
  template std::size_t softmax_cross_entropy_forward_scratch_bytes<T>(const Exec&, const CrossEntropyGeometry&);       \
  template void softmax_cross_entropy_forward(const Exec&, const CrossEntropyGeometry&, const T*, const std::int32_t*, \
                                              const Master<T>*, Master<T>*, Master<T>*, Master<T>*, void*);            \
  template void softmax_cross_entropy_backward(const Exec&, const CrossEntropyGeometry&, const T*,                     \
                                               const std::int32_t*, const Master<T>*, const Master<T>*,                \
                                               const Master<T>*, const Master<T>*, T*);                                \
  template void softmax_cross_entropy_rows_forward(const Exec&, const CrossEntropyGeometry&, const T*,                 \
                                                   const std::int32_t*, const Master<T>*, Master<T>*, Master<T>*);     \
  template void softmax_cross_entropy_rows_backward(const Exec&, const CrossEntropyGeometry&, const T*,                \
                                                    const std::int32_t*, const Master<T>*, const Master<T>*,           \
                                                    const Master<T>*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda

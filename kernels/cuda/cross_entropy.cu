// SPDX-License-Identifier: Apache-2.0
// Softmax cross entropy over logits [N,C]. Bound by bytes: forward reads the logits, backward reads them and writes as
// many; at the size of a batch (2048 x 10: 80 KB) by the launch, so that forward is one launch there.
#include <sluice/kernels/cross_entropy.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/cross_entropy_rows.h>

namespace sluice::kernels::cuda {
namespace {

template <class T>
struct MeanLoss {
  CrossEntropyTarget target;
  const T* logits;
  float *loss, *log_sum_exp, *weight_sum;

  template <class Row>
  __device__ __forceinline__ WeightedSum row(const Row& row, std::int64_t i, bool live) const {
    const RowLoss result = row_loss(target, row, target.labels[i], logits + i * target.classes);
    if (live && row.lane() == 0) log_sum_exp[i] = result.log_sum_exp;
    return {static_cast<double>(result.loss), static_cast<double>(result.weight)};
  }
  __device__ void finish(const WeightedSum& total) const {
    *loss = static_cast<float>(total.sum / total.weights);
    *weight_sum = static_cast<float>(total.weights);
  }
};

template <class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    cross_entropy_rows_forward_kernel(std::int64_t rows, CrossEntropyTarget target, const T* logits, float* losses,
                                      float* log_sum_exp) {
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const T* from = logits + i * target.classes;
    const Row<T, lanes, kept> row(from, live ? target.classes : 0);
    const RowLoss result = row_loss(target, row, target.labels[i], from);
    if (!live || row.lane() != 0) return;
    losses[i] = result.loss;
    log_sum_exp[i] = result.log_sum_exp;
  });
}

// What reaches the loss of row i.
struct SameForAll {
  const float *dloss, *weight_sum;
  __device__ __forceinline__ float operator()(std::int64_t) const { return __ldg(dloss) / __ldg(weight_sum); }
};
struct OneForEach {
  const float* drow_loss;
  __device__ __forceinline__ float operator()(std::int64_t i) const { return drow_loss[i]; }
};

template <class T, int lanes, int kept, class Factor>
__global__ void __launch_bounds__(kRowThreads)
    cross_entropy_backward_kernel(std::int64_t rows, CrossEntropyTarget target, const T* logits,
                                  const float* log_sum_exp, Factor factor, T* dlogits) {
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const std::int64_t at = i * target.classes;
    const Row<T, lanes, kept> row(logits + at, live ? target.classes : 0);
    write_row_gradient(target, row, live, target.labels[i], log_sum_exp[i], factor(i), dlogits + at);
  });
}

template <class T, class Factor>
void backward(const Exec& exec, const char* name, const CrossEntropyGeometry& g, const T* logits,
              const CrossEntropyTarget& target, const float* log_sum_exp, const Factor& factor, T* dlogits) {
  if (g.rows == 0) return;
  with_row_shape(g.classes, [&]<int lanes, int kept>() {
    launch(exec, {name, row_blocks(g.rows, lanes), kRowThreads}, cross_entropy_backward_kernel<T, lanes, kept, Factor>,
           g.rows, target, logits, log_sum_exp, factor, dlogits);
  });
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t CrossEntropy<Cuda>::forward_scratch_bytes(const Exec&, const CrossEntropyGeometry& g) {
  return row_means_scratch_bytes(g.rows, g.classes);
}

template <>
template <class T>
void CrossEntropy<Cuda>::forward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                 const std::int32_t* labels, const Master<T>* class_weights, Master<T>* loss,
                                 Master<T>* log_sum_exp, Master<T>* weight_sum, void* scratch) {
  const CrossEntropyTarget target(g, labels, class_weights);
  row_means(exec, "softmax_cross_entropy_forward", g.rows, g.classes, logits,
            MeanLoss<T>{target, logits, loss, log_sum_exp, weight_sum}, scratch);
}

template <>
template <class T>
void CrossEntropy<Cuda>::backward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                  const std::int32_t* labels, const Master<T>* class_weights,
                                  const Master<T>* log_sum_exp, const Master<T>* weight_sum, const Master<T>* dloss,
                                  T* dlogits) {
  cuda::backward(exec, "softmax_cross_entropy_backward", g, logits, CrossEntropyTarget(g, labels, class_weights),
                 log_sum_exp, SameForAll{dloss, weight_sum}, dlogits);
}

template <>
template <class T>
void CrossEntropy<Cuda>::rows_forward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                      const std::int32_t* labels, const Master<T>* class_weights, Master<T>* losses,
                                      Master<T>* log_sum_exp) {
  if (g.rows == 0) return;
  const CrossEntropyTarget target(g, labels, class_weights);
  with_row_shape(g.classes, [&]<int lanes, int kept>() {
    launch(exec, {"softmax_cross_entropy_rows_forward", row_blocks(g.rows, lanes), kRowThreads},
           cross_entropy_rows_forward_kernel<T, lanes, kept>, g.rows, target, logits, losses, log_sum_exp);
  });
}

template <>
template <class T>
void CrossEntropy<Cuda>::rows_backward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                       const std::int32_t* labels, const Master<T>* class_weights,
                                       const Master<T>* log_sum_exp, const Master<T>* drow_loss, T* dlogits) {
  cuda::backward(exec, "softmax_cross_entropy_rows_backward", g, logits, CrossEntropyTarget(g, labels, class_weights),
                 log_sum_exp, OneForEach{drow_loss}, dlogits);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&CrossEntropy<Cuda>::forward_scratch_bytes<T>, &CrossEntropy<Cuda>::forward<T>,
                    &CrossEntropy<Cuda>::backward<T>, &CrossEntropy<Cuda>::rows_forward<T>,
                    &CrossEntropy<Cuda>::rows_backward<T>);
});

}  // namespace sluice::kernels

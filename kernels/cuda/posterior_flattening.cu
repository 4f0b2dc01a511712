// SPDX-License-Identifier: Apache-2.0
// The odd epochs of RelaxLoss over logits [N,C]. Bound by bytes: each pass reads the logits, backward writes as many;
// at the size of a batch by the launch.
#include <sluice/kernels/posterior_flattening.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/row_means.h>

namespace sluice::kernels::cuda {
namespace {

struct Problem {
  PosteriorFlatteningGeometry geometry;
  const std::int32_t* labels;
  const float *loss, *log_sum_exp;

  __device__ __forceinline__ bool descends() const { return *loss > static_cast<float>(geometry.level); }
};

// A label that is no class makes its row NaN, as it made the loss.
template <class T>
__device__ __forceinline__ float logit_of_label(const T* logits, std::int64_t classes, std::int32_t label) {
  return label >= 0 && label < classes ? to_float(logits[label]) : NAN;
}

// What the soft label of one row is made of.
struct SoftLabel {
  bool correct;                   // the label's logit is the largest, the first of equals
  float label_log_probability;    // log p_y
  float other_log_probabilities;  // mean of the log p of the other classes
};

// Asked of all lanes of a row.
template <class Row>
__device__ __forceinline__ SoftLabel soft_label(const Row& row, std::int64_t classes, std::int32_t label, float own,
                                                float log_sum_exp) {
  const float against =
      row.sum([&](std::int64_t c, float value) { return (c < label ? own > value : own >= value) ? 0.0f : 1.0f; });
  const float others = row.sum([&](std::int64_t c, float value) { return c == label ? 0.0f : value - log_sum_exp; });
  return {against == 0, own - log_sum_exp, others / static_cast<float>(classes - 1)};
}

template <class T>
struct Value {
  Problem problem;
  const T* logits;
  float* value;

  template <class Row>
  __device__ __forceinline__ WeightedSum row(const Row& row, std::int64_t i, bool) const {
    const std::int64_t classes = problem.geometry.classes;
    const std::int32_t label = problem.labels[i];
    const SoftLabel soft =
        soft_label(row, classes, label, logit_of_label(logits + i * classes, classes, label), problem.log_sum_exp[i]);
    const float p = expf(soft.label_log_probability);
    float result = soft.label_log_probability;
    if (!soft.correct) result -= p * soft.label_log_probability + (1 - p) * soft.other_log_probabilities;
    return {static_cast<double>(result), 0};
  }
  __device__ void finish(const WeightedSum& total) const {
    *value =
        problem.descends() ? *problem.loss : static_cast<float>(total.sum / static_cast<double>(problem.geometry.rows));
  }
};

// H's derivative by logit j: p_j - t_j from log p, and k p_y ([j = y] - p_j) from t, with
// k = mean of the other log p - log p_y. That of log p_y: [j = y] - p_j.
template <class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    posterior_flattening_backward_kernel(Problem problem, const T* logits, const float* dvalue, T* dlogits) {
  const std::int64_t rows = problem.geometry.rows, classes = problem.geometry.classes;
  // 0 * loss: NaN where the loss is NaN.
  const float factor = *dvalue / static_cast<float>(rows) + 0 * *problem.loss;
  const bool descends = problem.descends();
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const std::int32_t label = problem.labels[i];
    const float log_sum_exp = problem.log_sum_exp[i];
    const Row<T, lanes, kept> row(logits + i * classes, live ? classes : 0);
    const SoftLabel soft =
        soft_label(row, classes, label, logit_of_label(logits + i * classes, classes, label), log_sum_exp);
    if (!live) return;
    const float p_label = expf(soft.label_log_probability);
    const float weight = soft.correct ? 0.0f : 1.0f;
    const float k = soft.other_log_probabilities - soft.label_log_probability;
    const float label_part = 1 + weight * k * p_label;
    const float other_target = weight * (1 - p_label) / static_cast<float>(classes - 1);
    row.each([&](std::int64_t c, float value) {
      const float p = expf(value - log_sum_exp), own = c == label ? 1.0f : 0.0f;
      const float target = c == label ? weight * p_label : other_target;
      const float gradient = descends ? p - own : weight * p - target + label_part * (own - p);
      dlogits[i * classes + c] = from_float<T>(factor * gradient);
    });
  });
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t PosteriorFlattening<Cuda>::forward_scratch_bytes(const Exec&, const PosteriorFlatteningGeometry& g) {
  return row_means_scratch_bytes(g.rows, g.classes);
}

template <>
template <class T>
void PosteriorFlattening<Cuda>::forward(const Exec& exec, const PosteriorFlatteningGeometry& g, const T* logits,
                                        const std::int32_t* labels, const Master<T>* loss, const Master<T>* log_sum_exp,
                                        Master<T>* value, void* scratch) {
  row_means(exec, "posterior_flattening_forward", g.rows, g.classes, logits,
            Value<T>{{g, labels, loss, log_sum_exp}, logits, value}, scratch);
}

template <>
template <class T>
void PosteriorFlattening<Cuda>::backward(const Exec& exec, const PosteriorFlatteningGeometry& g, const T* logits,
                                         const std::int32_t* labels, const Master<T>* loss,
                                         const Master<T>* log_sum_exp, const Master<T>* dvalue, T* dlogits) {
  with_row_shape(g.classes, [&]<int lanes, int kept>() {
    launch(exec, {"posterior_flattening_backward", row_blocks(g.rows, lanes), kRowThreads},
           posterior_flattening_backward_kernel<T, lanes, kept>, Problem{g, labels, loss, log_sum_exp}, logits, dvalue,
           dlogits);
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&PosteriorFlattening<Cuda>::forward_scratch_bytes<T>, &PosteriorFlattening<Cuda>::forward<T>,
                    &PosteriorFlattening<Cuda>::backward<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cross_entropy.h>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/exponential.h>

namespace sluice::kernels::cpu {
namespace {

// An exponential costs about as much as eight elements of a copy.
std::int64_t row_grain(std::int64_t classes) { return std::max<std::int64_t>(1, kElementGrain / 8 / classes); }

template <class R>
R sum_of_weights(std::int64_t classes, const R* class_weights) {
  if (class_weights == nullptr) return static_cast<R>(classes);
  R sum = 0;
  for (std::int64_t c = 0; c < classes; ++c) sum += class_weights[c];
  return sum;
}

// Sum over the classes of w_c log p_c.
template <class T>
Master<T> weighted_log_probabilities(std::int64_t classes, const T* x, const Master<T>* class_weights,
                                     Master<T> largest, Master<T> log_sum) {
  Master<T> sum = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const Master<T> log_probability = (static_cast<Master<T>>(x[c]) - largest) - log_sum;
    sum += class_weights == nullptr ? log_probability : class_weights[c] * log_probability;
  }
  return sum;
}

template <class T>
void forward_rows(const CrossEntropyGeometry& geometry, std::int64_t begin, std::int64_t end, const T* logits,
                  const std::int32_t* labels, const Master<T>* class_weights, Master<T>* row_loss,
                  Master<T>* log_sum_exp) {
  const auto smoothing = static_cast<Master<T>>(geometry.label_smoothing);
  for (std::int64_t i = begin; i < end; ++i) {
    const T* x = logits + i * geometry.classes;
    const Master<T> largest = row_maximum(geometry.classes, x);
    // Apart from the largest logit, so that big logits leave the loss its digits.
    const Master<T> log_sum = std::log(row_exponential_sum(geometry.classes, x, largest));
    log_sum_exp[i] = largest + log_sum;
    row_loss[i] = 0;
    const std::int32_t label = labels[i];
    if (label == geometry.ignore_index) continue;
    const Master<T> weight = class_weights == nullptr ? Master<T>(1) : class_weights[label];
    row_loss[i] = -(1 - smoothing) * weight * ((static_cast<Master<T>>(x[label]) - largest) - log_sum);
    if (smoothing > 0)
      row_loss[i] -= smoothing / static_cast<Master<T>>(geometry.classes) *
                     weighted_log_probabilities(geometry.classes, x, class_weights, largest, log_sum);
  }
}

// What a row's gradient is made of, beside its probabilities.
template <class R>
struct RowTarget {
  R probability_part;  // factor of the probability: the sum of all targets
  R label_part;        // target of the label's class alone
  R smooth_part;       // target of every class, times its weight
};

template <class T>
T gradient_at(T x, Master<T> log_sum_exp, Master<T> probability_part, Master<T> target) {
  return T(probability_part * exponential(static_cast<Master<T>>(x) - log_sum_exp) - target);
}

template <class T>
void backward_row(std::int64_t classes, const T* x, Master<T> log_sum_exp, RowTarget<Master<T>> row,
                  const Master<T>* class_weights, std::int32_t label, T* dx) {
  if (class_weights == nullptr)
    for (std::int64_t c = 0; c < classes; ++c)
      dx[c] = gradient_at(x[c], log_sum_exp, row.probability_part, row.smooth_part);
  else
    for (std::int64_t c = 0; c < classes; ++c)
      dx[c] = gradient_at(x[c], log_sum_exp, row.probability_part, row.smooth_part * class_weights[c]);
  // Apart, so that the loops have no branch in them.
  const Master<T> label_weight = class_weights == nullptr ? Master<T>(1) : class_weights[label];
  dx[label] = gradient_at(x[label], log_sum_exp, row.probability_part, row.smooth_part * label_weight + row.label_part);
}

// factor_of(i): what reaches the loss of row i.
template <class T, class Factor>
void backward_rows(const CrossEntropyGeometry& geometry, std::int64_t begin, std::int64_t end, const T* logits,
                   const std::int32_t* labels, const Master<T>* class_weights, const Master<T>* log_sum_exp,
                   const Factor& factor_of, T* dlogits) {
  const std::int64_t classes = geometry.classes;
  const auto smoothing = static_cast<Master<T>>(geometry.label_smoothing);
  const Master<T> smooth_weights = sum_of_weights(classes, class_weights);
  for (std::int64_t i = begin; i < end; ++i) {
    T* dx = dlogits + i * classes;
    const std::int32_t label = labels[i];
    if (label == geometry.ignore_index) {
      std::fill(dx, dx + classes, T(0.0f));
      continue;
    }
    const Master<T> factor = factor_of(i);
    const Master<T> smooth_part = factor * (smoothing / static_cast<Master<T>>(classes));
    const Master<T> weight = class_weights == nullptr ? Master<T>(1) : class_weights[label];
    const Master<T> label_part = factor * ((1 - smoothing) * weight);
    const RowTarget<Master<T>> row{.probability_part = label_part + smooth_part * smooth_weights,
                                   .label_part = label_part,
                                   .smooth_part = smooth_part};
    backward_row(classes, logits + i * classes, log_sum_exp[i], row, class_weights, label, dx);
  }
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t CrossEntropy<Cpu>::forward_scratch_bytes(const Exec&, const CrossEntropyGeometry& geometry) {
  return static_cast<std::size_t>(geometry.rows) * sizeof(Master<T>);
}

template <>
template <class T>
void CrossEntropy<Cpu>::forward(const Exec&, const CrossEntropyGeometry& geometry, const T* logits,
                                const std::int32_t* labels, const Master<T>* class_weights, Master<T>* loss,
                                Master<T>* log_sum_exp, Master<T>* weight_sum, void* scratch) {
  auto* row_loss = static_cast<Master<T>*>(scratch);
  parallel_for(geometry.rows, row_grain(geometry.classes), [=, &geometry](std::int64_t begin, std::int64_t end) {
    forward_rows(geometry, begin, end, logits, labels, class_weights, row_loss, log_sum_exp);
  });
  double losses = 0;
  double weights = 0;
  for (std::int64_t i = 0; i < geometry.rows; ++i) {
    if (labels[i] == geometry.ignore_index) continue;
    losses += row_loss[i];
    weights += class_weights == nullptr ? 1.0 : class_weights[labels[i]];
  }
  *loss = static_cast<Master<T>>(losses / weights);
  *weight_sum = static_cast<Master<T>>(weights);
}

template <>
template <class T>
void CrossEntropy<Cpu>::backward(const Exec&, const CrossEntropyGeometry& geometry, const T* logits,
                                 const std::int32_t* labels, const Master<T>* class_weights,
                                 const Master<T>* log_sum_exp, const Master<T>* weight_sum, const Master<T>* dloss,
                                 T* dlogits) {
  const Master<T> factor = *dloss / *weight_sum;
  parallel_for(geometry.rows, row_grain(geometry.classes), [=, &geometry](std::int64_t begin, std::int64_t end) {
    backward_rows(
        geometry, begin, end, logits, labels, class_weights, log_sum_exp, [=](std::int64_t) { return factor; },
        dlogits);
  });
}

template <>
template <class T>
void CrossEntropy<Cpu>::rows_forward(const Exec&, const CrossEntropyGeometry& geometry, const T* logits,
                                     const std::int32_t* labels, const Master<T>* class_weights, Master<T>* row_loss,
                                     Master<T>* log_sum_exp) {
  parallel_for(geometry.rows, row_grain(geometry.classes), [=, &geometry](std::int64_t begin, std::int64_t end) {
    forward_rows(geometry, begin, end, logits, labels, class_weights, row_loss, log_sum_exp);
  });
}

template <>
template <class T>
void CrossEntropy<Cpu>::rows_backward(const Exec&, const CrossEntropyGeometry& geometry, const T* logits,
                                      const std::int32_t* labels, const Master<T>* class_weights,
                                      const Master<T>* log_sum_exp, const Master<T>* drow_loss, T* dlogits) {
  parallel_for(geometry.rows, row_grain(geometry.classes), [=, &geometry](std::int64_t begin, std::int64_t end) {
    backward_rows(
        geometry, begin, end, logits, labels, class_weights, log_sum_exp, [=](std::int64_t i) { return drow_loss[i]; },
        dlogits);
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&CrossEntropy<Cpu>::forward_scratch_bytes<T>, &CrossEntropy<Cpu>::forward<T>,
                    &CrossEntropy<Cpu>::backward<T>, &CrossEntropy<Cpu>::rows_forward<T>,
                    &CrossEntropy<Cpu>::rows_backward<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/posterior_flattening.h>

#include <cmath>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/exponential.h>

namespace sluice::kernels::cpu {
namespace {

// An exponential costs about as much as eight elements of a copy.
std::int64_t row_grain(std::int64_t classes) { return std::max<std::int64_t>(1, kElementGrain / 8 / classes); }

template <class T>
bool descends(const PosteriorFlatteningGeometry& geometry, const Master<T>* loss) {
  return *loss > static_cast<Master<T>>(geometry.level);
}

// What the soft label of one row is made of.
template <class R>
struct Row {
  bool correct;               // the label's logit is the largest, the first of equals
  R label_log_probability;    // log p_y
  R other_log_probabilities;  // mean of the log p of the other classes
};

template <class T>
Row<Master<T>> row_of(std::int64_t classes, const T* x, std::int32_t label, Master<T> log_sum_exp) {
  using R = Master<T>;
  const auto own = static_cast<R>(x[label]);
  Row<R> row{.correct = true, .label_log_probability = own - log_sum_exp, .other_log_probabilities = 0};
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto logit = static_cast<R>(x[c]);
    if (c == label) continue;
    row.correct &= c < label ? own > logit : own >= logit;
    row.other_log_probabilities += logit - log_sum_exp;
  }
  row.other_log_probabilities /= static_cast<R>(classes - 1);
  return row;
}

template <class T>
void value_rows(const PosteriorFlatteningGeometry& geometry, std::int64_t begin, std::int64_t end, const T* logits,
                const std::int32_t* labels, const Master<T>* log_sum_exp, Master<T>* values) {
  for (std::int64_t i = begin; i < end; ++i) {
    const Row<Master<T>> row = row_of(geometry.classes, logits + i * geometry.classes, labels[i], log_sum_exp[i]);
    const Master<T> p = exponential(row.label_log_probability);
    values[i] = row.label_log_probability;
    if (!row.correct) values[i] -= p * row.label_log_probability + (1 - p) * row.other_log_probabilities;
  }
}

// H's derivative by logit j: p_j - t_j from log p, and k p_y ([j = y] - p_j) from t, with
// k = mean of the other log p - log p_y. That of log p_y: [j = y] - p_j.
template <class T>
void flatten_row(std::int64_t classes, const T* x, std::int32_t label, Master<T> log_sum_exp, Master<T> factor, T* dx) {
  using R = Master<T>;
  const Row<R> row = row_of(classes, x, label, log_sum_exp);
  const R p_label = exponential(row.label_log_probability);
  const R k = row.other_log_probabilities - row.label_log_probability;
  const R weight = row.correct ? R(0) : R(1);
  const R label_part = 1 + weight * k * p_label;
  const R other_target = weight * (1 - p_label) / static_cast<R>(classes - 1);
  for (std::int64_t c = 0; c < classes; ++c) {
    const R p = exponential(static_cast<R>(x[c]) - log_sum_exp);
    const bool own = c == label;
    const R target = own ? weight * p_label : other_target;
    dx[c] = T(factor * (weight * p - target + label_part * ((own ? R(1) : R(0)) - p)));
  }
}

template <class T>
void descend_row(std::int64_t classes, const T* x, std::int32_t label, Master<T> log_sum_exp, Master<T> factor, T* dx) {
  for (std::int64_t c = 0; c < classes; ++c) {
    const Master<T> p = exponential(static_cast<Master<T>>(x[c]) - log_sum_exp);
    dx[c] = T(factor * (p - (c == label ? Master<T>(1) : Master<T>(0))));
  }
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t PosteriorFlattening<Cpu>::forward_scratch_bytes(const Exec&, const PosteriorFlatteningGeometry& geometry) {
  return static_cast<std::size_t>(geometry.rows) * sizeof(Master<T>);
}

template <>
template <class T>
void PosteriorFlattening<Cpu>::forward(const Exec&, const PosteriorFlatteningGeometry& geometry, const T* logits,
                                       const std::int32_t* labels, const Master<T>* loss, const Master<T>* log_sum_exp,
                                       Master<T>* value, void* scratch) {
  if (descends<T>(geometry, loss)) {
    *value = *loss;
    return;
  }
  auto* values = static_cast<Master<T>*>(scratch);
  parallel_for(geometry.rows, row_grain(geometry.classes), [=, &geometry](std::int64_t begin, std::int64_t end) {
    value_rows(geometry, begin, end, logits, labels, log_sum_exp, values);
  });
  double sum = 0;
  for (std::int64_t i = 0; i < geometry.rows; ++i) sum += values[i];
  *value = static_cast<Master<T>>(sum / static_cast<double>(geometry.rows));
}

template <>
template <class T>
void PosteriorFlattening<Cpu>::backward(const Exec&, const PosteriorFlatteningGeometry& geometry, const T* logits,
                                        const std::int32_t* labels, const Master<T>* loss, const Master<T>* log_sum_exp,
                                        const Master<T>* dvalue, T* dlogits) {
  // 0 * loss: NaN where the loss is NaN.
  const Master<T> factor = *dvalue / static_cast<Master<T>>(geometry.rows) + 0 * *loss;
  const bool descend = descends<T>(geometry, loss);
  parallel_for(geometry.rows, row_grain(geometry.classes), [=, &geometry](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T* x = logits + i * geometry.classes;
      T* dx = dlogits + i * geometry.classes;
      if (descend)
        descend_row(geometry.classes, x, labels[i], log_sum_exp[i], factor, dx);
      else
        flatten_row(geometry.classes, x, labels[i], log_sum_exp[i], factor, dx);
    }
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&PosteriorFlattening<Cpu>::forward_scratch_bytes<T>, &PosteriorFlattening<Cpu>::forward<T>,
                    &PosteriorFlattening<Cpu>::backward<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/softmax.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cpu/exponential.h>
#include <sluice/kernels/cpu/parallel.h>

namespace sluice::kernels::cpu {
namespace {

template <class T>
void softmax_row(std::int64_t classes, const T* x, T* y) {
  const Master<T> largest = row_maximum(classes, x);
  const Master<T> share = 1 / row_exponential_sum(classes, x, largest);
  for (std::int64_t c = 0; c < classes; ++c) y[c] = T(exponential(static_cast<Master<T>>(x[c]) - largest) * share);
}

template <class T>
void softmax_backward_row(std::int64_t classes, const T* y, const T* dy, T* dx) {
  Master<T> dot = 0;
#pragma omp simd reduction(+ : dot)
  for (std::int64_t c = 0; c < classes; ++c) dot += static_cast<Master<T>>(y[c]) * static_cast<Master<T>>(dy[c]);
  for (std::int64_t c = 0; c < classes; ++c)
    dx[c] = T(static_cast<Master<T>>(y[c]) * (static_cast<Master<T>>(dy[c]) - dot));
}

template <class T>
void log_softmax_row(std::int64_t classes, const T* x, T* y) {
  const Master<T> largest = row_maximum(classes, x);
  const Master<T> log_sum = std::log(row_exponential_sum(classes, x, largest));
  for (std::int64_t c = 0; c < classes; ++c) y[c] = T((static_cast<Master<T>>(x[c]) - largest) - log_sum);
}

template <class T>
void log_softmax_backward_row(std::int64_t classes, const T* y, const T* dy, T* dx) {
  Master<T> sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < classes; ++c) sum += static_cast<Master<T>>(dy[c]);
  for (std::int64_t c = 0; c < classes; ++c)
    dx[c] = T(static_cast<Master<T>>(dy[c]) - exponential(static_cast<Master<T>>(y[c])) * sum);
}

// Calls row(offset of its first element) for every row.
template <class Row>
void for_rows(std::int64_t rows, std::int64_t classes, const Row& row) {
  // An exponential costs about as much as eight elements of a copy.
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / 8 / classes);
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) row(i * classes);
  });
}

}  // namespace
}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Softmax<Cpu>::forward(const Exec&, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  for_rows(rows, classes, [=](std::int64_t at) { softmax_row(classes, x + at, y + at); });
}

template <>
template <class T>
void Softmax<Cpu>::backward(const Exec&, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  for_rows(rows, classes, [=](std::int64_t at) { softmax_backward_row(classes, y + at, dy + at, dx + at); });
}

template <>
template <class T>
void LogSoftmax<Cpu>::forward(const Exec&, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  for_rows(rows, classes, [=](std::int64_t at) { log_softmax_row(classes, x + at, y + at); });
}

template <>
template <class T>
void LogSoftmax<Cpu>::backward(const Exec&, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  for_rows(rows, classes, [=](std::int64_t at) { log_softmax_backward_row(classes, y + at, dy + at, dx + at); });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Softmax<Cpu>::forward<T>, &Softmax<Cpu>::backward<T>, &LogSoftmax<Cpu>::forward<T>,
                    &LogSoftmax<Cpu>::backward<T>);
});

}  // namespace sluice::kernels

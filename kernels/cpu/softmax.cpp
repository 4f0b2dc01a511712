// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/softmax.h>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/exponential.h>

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

// Columns that are held at a time, side by side.
constexpr std::int64_t kPanel = 64;

// The largest of each of `count` columns, and the sum of e^(x - largest).
template <class T>
struct PanelSums {
  Master<T> largest[kPanel], sum[kPanel] = {};

  PanelSums(const SoftmaxGeometry& g, std::int64_t count, const T* x) {
    std::fill_n(largest, kPanel, -std::numeric_limits<Master<T>>::infinity());
    for (std::int64_t c = 0; c < g.classes; ++c)
      for (std::int64_t j = 0; j < count; ++j)
        largest[j] = std::max(largest[j], static_cast<Master<T>>(x[c * g.inner + j]));
    for (std::int64_t c = 0; c < g.classes; ++c)
      for (std::int64_t j = 0; j < count; ++j)
        sum[j] += exponential(static_cast<Master<T>>(x[c * g.inner + j]) - largest[j]);
  }
};

template <class T>
void softmax_panel(const SoftmaxGeometry& g, std::int64_t count, const T* x, T* y) {
  const PanelSums<T> of(g, count, x);
  Master<T> share[kPanel];
  for (std::int64_t j = 0; j < count; ++j) share[j] = 1 / of.sum[j];
  for (std::int64_t c = 0; c < g.classes; ++c)
    for (std::int64_t j = 0; j < count; ++j)
      y[c * g.inner + j] = T(exponential(static_cast<Master<T>>(x[c * g.inner + j]) - of.largest[j]) * share[j]);
}

template <class T>
void log_softmax_panel(const SoftmaxGeometry& g, std::int64_t count, const T* x, T* y) {
  const PanelSums<T> of(g, count, x);
  Master<T> log_sum[kPanel];
  for (std::int64_t j = 0; j < count; ++j) log_sum[j] = std::log(of.sum[j]);
  for (std::int64_t c = 0; c < g.classes; ++c)
    for (std::int64_t j = 0; j < count; ++j)
      y[c * g.inner + j] = T((static_cast<Master<T>>(x[c * g.inner + j]) - of.largest[j]) - log_sum[j]);
}

template <class T>
void softmax_backward_panel(const SoftmaxGeometry& g, std::int64_t count, const T* y, const T* dy, T* dx) {
  Master<T> dot[kPanel] = {};
  for (std::int64_t c = 0; c < g.classes; ++c)
    for (std::int64_t j = 0; j < count; ++j)
      dot[j] += static_cast<Master<T>>(y[c * g.inner + j]) * static_cast<Master<T>>(dy[c * g.inner + j]);
  for (std::int64_t c = 0; c < g.classes; ++c)
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t at = c * g.inner + j;
      dx[at] = T(static_cast<Master<T>>(y[at]) * (static_cast<Master<T>>(dy[at]) - dot[j]));
    }
}

template <class T>
void log_softmax_backward_panel(const SoftmaxGeometry& g, std::int64_t count, const T* y, const T* dy, T* dx) {
  Master<T> sum[kPanel] = {};
  for (std::int64_t c = 0; c < g.classes; ++c)
    for (std::int64_t j = 0; j < count; ++j) sum[j] += static_cast<Master<T>>(dy[c * g.inner + j]);
  for (std::int64_t c = 0; c < g.classes; ++c)
    for (std::int64_t j = 0; j < count; ++j) {
      const std::int64_t at = c * g.inner + j;
      dx[at] = T(static_cast<Master<T>>(dy[at]) - exponential(static_cast<Master<T>>(y[at])) * sum[j]);
    }
}

// Calls row(offset of its first element) for every row, or panel(offset, count) for up to kPanel columns side by side.
template <class Row, class Panel>
void for_lines(const SoftmaxGeometry& g, const Row& row, const Panel& panel) {
  // An exponential costs about as much as eight elements of a copy.
  const std::int64_t panels = (g.inner + kPanel - 1) / kPanel, width = std::min(g.inner, kPanel);
  const std::int64_t grain =
      std::max<std::int64_t>(1, kElementGrain / 8 / std::max<std::int64_t>(1, g.classes * width));
  parallel_for(g.outer * panels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % panels * kPanel, at = i / panels * g.classes * g.inner + first;
      if (g.inner == 1)
        row(at);
      else
        panel(at, std::min(kPanel, g.inner - first));
    }
  });
}

}  // namespace
}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Softmax<Cpu>::forward(const Exec&, const SoftmaxGeometry& g, const T* x, T* y) {
  for_lines(
      g, [=](std::int64_t at) { softmax_row(g.classes, x + at, y + at); },
      [=](std::int64_t at, std::int64_t count) { softmax_panel(g, count, x + at, y + at); });
}

template <>
template <class T>
void Softmax<Cpu>::backward(const Exec&, const SoftmaxGeometry& g, const T* y, const T* dy, T* dx) {
  for_lines(
      g, [=](std::int64_t at) { softmax_backward_row(g.classes, y + at, dy + at, dx + at); },
      [=](std::int64_t at, std::int64_t count) { softmax_backward_panel(g, count, y + at, dy + at, dx + at); });
}

template <>
template <class T>
void LogSoftmax<Cpu>::forward(const Exec&, const SoftmaxGeometry& g, const T* x, T* y) {
  for_lines(
      g, [=](std::int64_t at) { log_softmax_row(g.classes, x + at, y + at); },
      [=](std::int64_t at, std::int64_t count) { log_softmax_panel(g, count, x + at, y + at); });
}

template <>
template <class T>
void LogSoftmax<Cpu>::backward(const Exec&, const SoftmaxGeometry& g, const T* y, const T* dy, T* dx) {
  for_lines(
      g, [=](std::int64_t at) { log_softmax_backward_row(g.classes, y + at, dy + at, dx + at); },
      [=](std::int64_t at, std::int64_t count) { log_softmax_backward_panel(g, count, y + at, dy + at, dx + at); });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Softmax<Cpu>::forward<T>, &Softmax<Cpu>::backward<T>, &LogSoftmax<Cpu>::forward<T>,
                    &LogSoftmax<Cpu>::backward<T>);
});

}  // namespace sluice::kernels

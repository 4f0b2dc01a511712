// SPDX-License-Identifier: Apache-2.0
// Softmax and its logarithm over the classes of x [O,C,I]. Bound by bytes: forward reads x and writes y, backward reads
// y and dy and writes dx; rows of more than 256 are read again from the caches, and so are columns, each of which is a
// thread's.
#include <sluice/kernels/softmax.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/rows.h>

namespace sluice::kernels::cuda {
namespace {

enum class Form : std::uint8_t { plain, logarithm };

template <Form form, class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    softmax_forward_kernel(std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const Row<T, lanes, kept> row(x + i * classes, live ? classes : 0);
    const float largest = row.maximum();
    const float sum = row.sum([&](std::int64_t, float value) { return expf(value - largest); });
    if (!live) return;
    const float share = 1.0f / sum, log_sum = logf(sum);
    row.each([&](std::int64_t c, float value) {
      y[i * classes + c] =
          from_float<T>(form == Form::plain ? expf(value - largest) * share : (value - largest) - log_sum);
    });
  });
}

template <Form form, class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    softmax_backward_kernel(std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const Row<T, lanes, kept> gradients(dy + i * classes, live ? classes : 0);
    const T* own = y + i * classes;
    const float sum =
        gradients.sum([&](std::int64_t c, float d) { return form == Form::plain ? d * to_float(own[c]) : d; });
    // Rows that are read again must not be written before all lanes have read them.
    __syncwarp();
    if (!live) return;
    gradients.each([&](std::int64_t c, float d) {
      const float value = to_float(own[c]);
      dx[i * classes + c] = from_float<T>(form == Form::plain ? value * (d - sum) : d - expf(value) * sum);
    });
  });
}

// visit(column's first element) for the columns of [O,C,I].
template <class Visit>
__device__ __forceinline__ void for_columns(const SoftmaxGeometry& g, const Visit& visit) {
  for (std::int64_t i = std::int64_t{blockIdx.x} * kRowThreads + threadIdx.x; i < g.outer * g.inner;
       i += std::int64_t{gridDim.x} * kRowThreads) {
    const std::int64_t outer = i / g.inner;
    visit(outer * g.classes * g.inner + (i - outer * g.inner));
  }
}

template <Form form, class T>
__global__ void __launch_bounds__(kRowThreads) softmax_columns_forward_kernel(SoftmaxGeometry g, const T* x, T* y) {
  for_columns(g, [&](std::int64_t first) {
    const std::int64_t end = first + g.classes * g.inner;
    float largest = -INFINITY, sum = 0;
    for (std::int64_t at = first; at < end; at += g.inner) largest = fmaxf(largest, to_float(x[at]));
    for (std::int64_t at = first; at < end; at += g.inner) sum += expf(to_float(x[at]) - largest);
    const float share = 1.0f / sum, log_sum = logf(sum);
    for (std::int64_t at = first; at < end; at += g.inner) {
      const float value = to_float(x[at]) - largest;
      y[at] = from_float<T>(form == Form::plain ? expf(value) * share : value - log_sum);
    }
  });
}

template <Form form, class T>
__global__ void __launch_bounds__(kRowThreads)
    softmax_columns_backward_kernel(SoftmaxGeometry g, const T* y, const T* dy, T* dx) {
  for_columns(g, [&](std::int64_t first) {
    const std::int64_t end = first + g.classes * g.inner;
    float sum = 0;
    for (std::int64_t at = first; at < end; at += g.inner)
      sum += form == Form::plain ? to_float(dy[at]) * to_float(y[at]) : to_float(dy[at]);
    for (std::int64_t at = first; at < end; at += g.inner) {
      const float value = to_float(y[at]), d = to_float(dy[at]);
      dx[at] = from_float<T>(form == Form::plain ? value * (d - sum) : d - expf(value) * sum);
    }
  });
}

unsigned column_blocks(const SoftmaxGeometry& g) { return blocks_for(g.outer * g.inner, kRowThreads, 1, 132 * 8); }

template <Form form, class T>
void launch_forward(const Exec& exec, const SoftmaxGeometry& g, const T* x, T* y) {
  const std::int64_t rows = g.outer, classes = g.classes, inner = g.inner;
  if (rows * inner == 0) return;
  if (inner > 1)
    return launch(exec,
                  {form == Form::plain ? "softmax_columns_forward" : "log_softmax_columns_forward", column_blocks(g),
                   kRowThreads},
                  softmax_columns_forward_kernel<form, T>, g, x, y);
  with_row_shape(classes, [&]<int lanes, int kept>() {
    launch(exec,
           {form == Form::plain ? "softmax_forward" : "log_softmax_forward", row_blocks(rows, lanes), kRowThreads},
           softmax_forward_kernel<form, T, lanes, kept>, rows, classes, x, y);
  });
}

template <Form form, class T>
void launch_backward(const Exec& exec, const SoftmaxGeometry& g, const T* y, const T* dy, T* dx) {
  const std::int64_t rows = g.outer, classes = g.classes, inner = g.inner;
  if (rows * inner == 0) return;
  if (inner > 1)
    return launch(exec,
                  {form == Form::plain ? "softmax_columns_backward" : "log_softmax_columns_backward", column_blocks(g),
                   kRowThreads},
                  softmax_columns_backward_kernel<form, T>, g, y, dy, dx);
  with_row_shape(classes, [&]<int lanes, int kept>() {
    launch(exec,
           {form == Form::plain ? "softmax_backward" : "log_softmax_backward", row_blocks(rows, lanes), kRowThreads},
           softmax_backward_kernel<form, T, lanes, kept>, rows, classes, y, dy, dx);
  });
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Softmax<Cuda>::forward(const Exec& exec, const SoftmaxGeometry& g, const T* x, T* y) {
  launch_forward<Form::plain>(exec, g, x, y);
}

template <>
template <class T>
void Softmax<Cuda>::backward(const Exec& exec, const SoftmaxGeometry& g, const T* y, const T* dy, T* dx) {
  launch_backward<Form::plain>(exec, g, y, dy, dx);
}

template <>
template <class T>
void LogSoftmax<Cuda>::forward(const Exec& exec, const SoftmaxGeometry& g, const T* x, T* y) {
  launch_forward<Form::logarithm>(exec, g, x, y);
}

template <>
template <class T>
void LogSoftmax<Cuda>::backward(const Exec& exec, const SoftmaxGeometry& g, const T* y, const T* dy, T* dx) {
  launch_backward<Form::logarithm>(exec, g, y, dy, dx);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Softmax<Cuda>::forward<T>, &Softmax<Cuda>::backward<T>, &LogSoftmax<Cuda>::forward<T>,
                    &LogSoftmax<Cuda>::backward<T>);
});

}  // namespace sluice::kernels

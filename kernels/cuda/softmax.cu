// SPDX-License-Identifier: Apache-2.0
// Softmax and its logarithm over each row of x [N,C]. Bound by bytes: forward reads x and writes y, backward reads y
// and dy and writes dx; rows of more than 256 are read again from the caches.
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

template <Form form, class T>
void launch_forward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  if (rows == 0) return;
  with_row_shape(classes, [&]<int lanes, int kept>() {
    launch(exec,
           {form == Form::plain ? "softmax_forward" : "log_softmax_forward", row_blocks(rows, lanes), kRowThreads},
           softmax_forward_kernel<form, T, lanes, kept>, rows, classes, x, y);
  });
}

template <Form form, class T>
void launch_backward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  if (rows == 0) return;
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
void Softmax<Cuda>::forward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  launch_forward<Form::plain>(exec, rows, classes, x, y);
}

template <>
template <class T>
void Softmax<Cuda>::backward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* y, const T* dy,
                             T* dx) {
  launch_backward<Form::plain>(exec, rows, classes, y, dy, dx);
}

template <>
template <class T>
void LogSoftmax<Cuda>::forward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  launch_forward<Form::logarithm>(exec, rows, classes, x, y);
}

template <>
template <class T>
void LogSoftmax<Cuda>::backward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* y, const T* dy,
                                T* dx) {
  launch_backward<Form::logarithm>(exec, rows, classes, y, dy, dx);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Softmax<Cuda>::forward<T>, &Softmax<Cuda>::backward<T>, &LogSoftmax<Cuda>::forward<T>,
                    &LogSoftmax<Cuda>::backward<T>);
});

}  // namespace sluice::kernels

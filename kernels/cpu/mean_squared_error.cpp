// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/mean_squared_error.h>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

// Sums run over chunks of this many elements and then over the chunks, whatever the number of threads.
constexpr std::int64_t kChunk = 4096;

std::int64_t chunk_count(std::int64_t n) { return (n + kChunk - 1) / kChunk; }

template <class T>
double squared_distance(std::int64_t n, const T* x, const T* target) {
  Master<T> sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) {
    const Master<T> difference = static_cast<Master<T>>(x[i]) - static_cast<Master<T>>(target[i]);
    sum += difference * difference;
  }
  return sum;
}

template <class T>
void backward_loop(std::int64_t n, Master<T> factor, const T* x, const T* target, T* dx) {
  for (std::int64_t i = 0; i < n; ++i)
    dx[i] = T(factor * (static_cast<Master<T>>(x[i]) - static_cast<Master<T>>(target[i])));
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t MeanSquaredError<Cpu>::forward_scratch_bytes(const Exec&, std::int64_t n) {
  return static_cast<std::size_t>(chunk_count(n)) * sizeof(double);
}

template <>
template <class T>
void MeanSquaredError<Cpu>::forward(const Exec&, std::int64_t n, const T* x, const T* target, Master<T>* loss,
                                    void* scratch) {
  auto* sums = static_cast<double*>(scratch);
  parallel_for(chunk_count(n), kElementGrain / kChunk, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const std::int64_t first = chunk * kChunk;
      sums[chunk] = squared_distance(std::min(kChunk, n - first), x + first, target + first);
    }
  });
  double sum = 0;
  for (std::int64_t chunk = 0; chunk < chunk_count(n); ++chunk) sum += sums[chunk];
  *loss = static_cast<Master<T>>(sum / static_cast<double>(n));
}

template <>
template <class T>
void MeanSquaredError<Cpu>::backward(const Exec&, std::int64_t n, const T* x, const T* target, const Master<T>* dloss,
                                     T* dx) {
  const Master<T> factor = *dloss * 2 / static_cast<Master<T>>(n);
  parallel_for(n, kElementGrain, [=](std::int64_t begin, std::int64_t end) {
    backward_loop(end - begin, factor, x + begin, target + begin, dx + begin);
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&MeanSquaredError<Cpu>::forward_scratch_bytes<T>, &MeanSquaredError<Cpu>::forward<T>,
                    &MeanSquaredError<Cpu>::backward<T>);
});

}  // namespace sluice::kernels

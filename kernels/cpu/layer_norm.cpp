// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/layer_norm.h>

#include <cmath>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

// Rows whose shares of dweight and dbias are summed together.
constexpr std::int64_t kChunk = 32;

std::int64_t chunk_count(const LayerNormGeometry& g) { return (g.rows + kChunk - 1) / kChunk; }

std::int64_t grain(const LayerNormGeometry& g, std::int64_t rows) {
  return kElementGrain / std::max<std::int64_t>(1, rows * g.channels);
}

template <class T>
void forward_row(std::int64_t channels, double epsilon, const T* x, const Master<T>* weight, const Master<T>* bias,
                 T* y, Master<T>* row_mean, Master<T>* row_inverse) {
  using M = Master<T>;
  const M share = M(1) / static_cast<M>(channels);
  M sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t c = 0; c < channels; ++c) sum += static_cast<M>(x[c]);
  const M mean = sum * share;
  // Around the mean, in a pass of its own: the row is in the cache, and a large mean costs no digits.
  M squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t c = 0; c < channels; ++c) squares += (static_cast<M>(x[c]) - mean) * (static_cast<M>(x[c]) - mean);
  const M inverse = M(1) / std::sqrt(squares * share + static_cast<M>(epsilon));
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) y[c] = T((static_cast<M>(x[c]) - mean) * inverse * weight[c] + bias[c]);
  *row_mean = mean;
  *row_inverse = inverse;
}

// Adds to dweight and dbias.
template <class T>
void backward_row(std::int64_t channels, const T* x, Master<T> mean, Master<T> inverse, const Master<T>* weight,
                  const T* dy, T* dx, Master<T>* dweight, Master<T>* dbias) {
  using M = Master<T>;
  const M share = M(1) / static_cast<M>(channels);
  M sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
  for (std::int64_t c = 0; c < channels; ++c) {
    const M g = weight[c] * static_cast<M>(dy[c]);
    sum += g;
    product += g * (static_cast<M>(x[c]) - mean);
  }
  const M offset = sum * share;
  const M slope = product * inverse * share;
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) {
    const M xhat = (static_cast<M>(x[c]) - mean) * inverse;
    const M d = static_cast<M>(dy[c]);
    dweight[c] += d * xhat;
    dbias[c] += d;
    dx[c] = T(inverse * (weight[c] * d - offset - xhat * slope));
  }
}

template <class M>
void add_parts(std::int64_t channels, const M* part, M* sum) {
#pragma omp simd
  for (std::int64_t c = 0; c < channels; ++c) sum[c] += part[c];
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void LayerNorm<Cpu>::forward(const Exec&, const LayerNormGeometry& g, double epsilon, const T* x,
                             const Master<T>* weight, const Master<T>* bias, T* y, Master<T>* mean,
                             Master<T>* inverse_deviation) {
  parallel_for(g.rows, grain(g, 1), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      forward_row(g.channels, epsilon, x + row * g.channels, weight, bias, y + row * g.channels, mean + row,
                  inverse_deviation + row);
  });
}

template <>
template <class T>
std::size_t LayerNorm<Cpu>::backward_scratch_bytes(const Exec&, const LayerNormGeometry& g) {
  return static_cast<std::size_t>(2 * chunk_count(g) * g.channels) * sizeof(Master<T>);
}

template <>
template <class T>
void LayerNorm<Cpu>::backward(const Exec&, const LayerNormGeometry& g, const T* x, const Master<T>* mean,
                              const Master<T>* inverse_deviation, const Master<T>* weight, const T* dy, T* dx,
                              Master<T>* dweight, Master<T>* dbias, void* scratch) {
  using M = Master<T>;
  const std::int64_t chunks = chunk_count(g), channels = g.channels;
  M* parts = static_cast<M*>(scratch);
  parallel_for(chunks, grain(g, kChunk), [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      M* part = parts + 2 * chunk * channels;
      std::fill_n(part, 2 * channels, M(0));
      for (std::int64_t row = chunk * kChunk; row < std::min(g.rows, (chunk + 1) * kChunk); ++row)
        backward_row(channels, x + row * channels, mean[row], inverse_deviation[row], weight, dy + row * channels,
                     dx + row * channels, part, part + channels);
    }
  });
  std::fill_n(dweight, channels, M(0));
  std::fill_n(dbias, channels, M(0));
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    add_parts(channels, parts + 2 * chunk * channels, dweight);
    add_parts(channels, parts + (2 * chunk + 1) * channels, dbias);
  }
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&LayerNorm<Cpu>::forward<T>, &LayerNorm<Cpu>::backward_scratch_bytes<T>,
                    &LayerNorm<Cpu>::backward<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/batch_norm.h>

#include <cmath>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cpu/batch_norm_loops.h>
#include <sluice/kernels/runtime/settings.h>

namespace sluice::kernels::cpu {
namespace {

// Channels that are finished at a time, in double.
constexpr std::int64_t kGroup = 16;

template <class Run>
void for_groups(const Chunks& chunks, const Run& run) {
  const std::int64_t groups = (chunks.channels + kGroup - 1) / kGroup;
  parallel_for(groups, kElementGrain / (chunks.count * kGroup) + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t g = begin; g < end; ++g) run(g * kGroup, std::min(kGroup, chunks.channels - g * kGroup));
  });
}

// totals[i] = sum over chunks of weight(chunk) * parts[chunk][i].
template <class M>
void add_parts(std::int64_t count, const M* parts, double weight, double* totals) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) totals[i] += weight * static_cast<double>(parts[i]);
}

template <class M>
void add_spread(std::int64_t count, const M* means, const M* squares, double weight, const double* mean,
                double* totals) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const double apart = static_cast<double>(means[i]) - mean[i];
    totals[i] += static_cast<double>(squares[i]) + weight * apart * apart;
  }
}

// Takes the moments of all rows out of those of the chunks.
template <class M>
void finish_statistics(const Chunks& chunks, const M* means, const M* squares, double epsilon, double momentum,
                       M* running_mean, M* running_variance, M* mean, M* inverse_deviation) {
  const auto rows = static_cast<double>(chunks.rows);
  for_groups(chunks, [=](std::int64_t first, std::int64_t count) {
    double centre[kGroup] = {}, spread[kGroup] = {};
    for (std::int64_t k = 0; k < chunks.count; ++k)
      add_parts(count, means + k * chunks.channels + first, static_cast<double>(chunks.length_of(k)) / rows, centre);
    for (std::int64_t k = 0; k < chunks.count; ++k)
      add_spread(count, means + k * chunks.channels + first, squares + k * chunks.channels + first,
                 static_cast<double>(chunks.length_of(k)), centre, spread);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t c = first + i;
      mean[c] = static_cast<M>(centre[i]);
      inverse_deviation[c] = static_cast<M>(1 / std::sqrt(std::max(spread[i], 0.0) / rows + epsilon));
      if (running_mean == nullptr) continue;
      running_mean[c] = static_cast<M>((1 - momentum) * running_mean[c] + momentum * centre[i]);
      running_variance[c] = static_cast<M>((1 - momentum) * running_variance[c] + momentum * spread[i] / (rows - 1));
    }
  });
}

// Calls run(tag of the Lanes for T): vectors, or one number at a time for double and for the plain engine.
template <class T, class Run>
void with_lanes(const Run& run) {
  if constexpr (!std::is_same_v<T, double>)
    if (engine() == Engine::fastest) return run(std::type_identity<Vector>{});
  run(std::type_identity<Master<T>>{});
}

// Calls run(std::integral_constant of the tail).
template <class Run>
void with_tail(BatchNormTail tail, const Run& run) {
  using enum BatchNormTail;
  switch (tail) {
    case none: return run(std::integral_constant<BatchNormTail, none>{});
    case relu: return run(std::integral_constant<BatchNormTail, relu>{});
    case add_relu: return run(std::integral_constant<BatchNormTail, add_relu>{});
  }
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t BatchNorm<Cpu>::scratch_bytes(const Exec&, const BatchNormGeometry& g) {
  return static_cast<std::size_t>(2 * Chunks(g).count * g.channels) * sizeof(Master<T>);
}

template <>
template <class T>
void BatchNorm<Cpu>::statistics(const Exec&, const BatchNormGeometry& g, const T* x, double epsilon, double momentum,
                                Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                                Master<T>* inverse_deviation, void* scratch) {
  using M = Master<T>;
  const Chunks chunks(g);
  M* means = static_cast<M*>(scratch);
  M* squares = means + chunks.count * g.channels;
  with_lanes<T>([&]<class Lanes>(std::type_identity<Lanes>) {
    for_panels<Lanes>(chunks, Order::forwards,
                      [=]<int vectors, Fill fill>(std::int64_t chunk, std::int64_t c, std::int64_t count) {
                        const std::int64_t to = chunk * chunks.channels + c;
                        sum_deviations<Lanes, vectors, fill>(chunks.length_of(chunk), chunks.channels, count,
                                                             x + chunk * chunks.length * chunks.channels + c,
                                                             means + to, squares + to);
                      });
  });
  finish_statistics(chunks, means, squares, epsilon, momentum, running_mean, running_variance, mean, inverse_deviation);
}

template <>
template <class T>
void BatchNorm<Cpu>::statistics_of_moments(const Exec&, const BatchNormGeometry& g,
                                           const BatchNormMoments<Master<T>>& moments, double epsilon, double momentum,
                                           Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                                           Master<T>* inverse_deviation) {
  const Chunks runs(g, moments.run);
  finish_statistics(runs, moments.values, moments.values + runs.count * g.channels, epsilon, momentum, running_mean,
                    running_variance, mean, inverse_deviation);
}

template <>
template <class T>
void BatchNorm<Cpu>::running_statistics(const Exec&, std::int64_t channels, double epsilon,
                                        const Master<T>* running_mean, const Master<T>* running_variance,
                                        Master<T>* mean, Master<T>* inverse_deviation) {
  for (std::int64_t c = 0; c < channels; ++c) {
    mean[c] = running_mean[c];
    inverse_deviation[c] = static_cast<Master<T>>(1 / std::sqrt(static_cast<double>(running_variance[c]) + epsilon));
  }
}

template <>
template <class T>
void BatchNorm<Cpu>::apply(const Exec&, const BatchNormGeometry& g, BatchNormTail tail,
                           const BatchNormChannels<Master<T>>& channels, const T* x, const T* residual, T* y) {
  const Chunks chunks(g);
  with_lanes<T>([&]<class Lanes>(std::type_identity<Lanes>) {
    with_tail(tail, [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
      // Backwards: what the statistics read last is still in the cache.
      for_panels<Lanes>(chunks, Order::backwards,
                        [=]<int vectors, Fill fill>(std::int64_t chunk, std::int64_t c, std::int64_t count) {
                          const std::int64_t at = chunk * chunks.length * chunks.channels + c;
                          apply_rows<fused, Lanes, vectors, fill>(
                              chunks.length_of(chunk), chunks.channels, count, channels, c, x + at,
                              fused == BatchNormTail::add_relu ? residual + at : nullptr, y + at);
                        });
    });
  });
}

template <>
template <class T>
void BatchNorm<Cpu>::backward_sums(const Exec&, const BatchNormGeometry& g, BatchNormTail tail,
                                   const BatchNormChannels<Master<T>>& channels, const T* x, const T* y, const T* dy,
                                   T* dz, Master<T>* dweight, Master<T>* dbias, void* scratch) {
  using M = Master<T>;
  const Chunks chunks(g);
  M* sums = static_cast<M*>(scratch);
  M* products = sums + chunks.count * g.channels;
  with_lanes<T>([&]<class Lanes>(std::type_identity<Lanes>) {
    with_tail(tail, [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
      for_panels<Lanes>(
          chunks, Order::forwards, [=]<int vectors, Fill fill>(std::int64_t chunk, std::int64_t c, std::int64_t count) {
            const std::int64_t at = chunk * chunks.length * chunks.channels + c;
            const std::int64_t to = chunk * chunks.channels + c;
            constexpr bool masks = fused == BatchNormTail::add_relu;
            sum_gradients<fused, Lanes, vectors, fill>(chunks.length_of(chunk), chunks.channels, count, channels, c,
                                                       x + at, masks ? y + at : nullptr, dy + at,
                                                       masks ? dz + at : nullptr, sums + to, products + to);
          });
    });
  });
  for_groups(chunks, [=](std::int64_t first, std::int64_t count) {
    double sum[kGroup] = {}, product[kGroup] = {};
    for (std::int64_t k = 0; k < chunks.count; ++k) {
      add_parts(count, sums + k * chunks.channels + first, 1, sum);
      add_parts(count, products + k * chunks.channels + first, 1, product);
    }
    for (std::int64_t i = 0; i < count; ++i) {
      dbias[first + i] = static_cast<M>(sum[i]);
      dweight[first + i] = static_cast<M>(product[i] * static_cast<double>(channels.inverse_deviation[first + i]));
    }
  });
}

template <>
template <class T>
void BatchNorm<Cpu>::backward_input(const Exec&, const BatchNormGeometry& g, BatchNormTail tail,
                                    BatchNormStatisticsOf statistics, const BatchNormChannels<Master<T>>& channels,
                                    const Master<T>* dweight, const Master<T>* dbias, const T* x, const T* dy, T* dx) {
  const Chunks chunks(g);
  const Master<T> share =
      statistics == BatchNormStatisticsOf::batch ? Master<T>(1) / static_cast<Master<T>>(g.rows) : 0;
  with_lanes<T>([&]<class Lanes>(std::type_identity<Lanes>) {
    with_tail(tail == BatchNormTail::relu ? tail : BatchNormTail::none,
              [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
                for_panels<Lanes>(chunks, Order::backwards,
                                  [=]<int vectors, Fill fill>(std::int64_t chunk, std::int64_t c, std::int64_t count) {
                                    const std::int64_t at = chunk * chunks.length * chunks.channels + c;
                                    backward_rows<fused, Lanes, vectors, fill>(chunks.length_of(chunk), chunks.channels,
                                                                               count, channels, dweight, dbias, share,
                                                                               c, x + at, dy + at, dx + at);
                                  });
              });
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&BatchNorm<Cpu>::scratch_bytes<T>, &BatchNorm<Cpu>::statistics<T>,
                    &BatchNorm<Cpu>::statistics_of_moments<T>, &BatchNorm<Cpu>::running_statistics<T>,
                    &BatchNorm<Cpu>::apply<T>, &BatchNorm<Cpu>::backward_sums<T>, &BatchNorm<Cpu>::backward_input<T>);
});

}  // namespace sluice::kernels

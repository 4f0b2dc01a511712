// SPDX-License-Identifier: Apache-2.0
// Batch normalisation of x [rows, channels], alone or with what follows it in a residual network. An image batch
// [N,H,W,C] has N*H*W rows.
//
//   mean, variance over the rows (biased); xhat = (x - mean) / sqrt(variance + epsilon); z = weight xhat + bias
//   y = z, relu(z) or relu(z + residual), as the tail says.
//
// Source: Ioffe and Szegedy, "Batch Normalization", ICML 2015, algorithm 1, and section 3 for the way back. Bound by
// bytes: forward reads x twice and writes y; where what made x left its moments, it reads x once. backward reads x and
// dy twice and writes dx (the add_relu tail reads y once more and writes the residual's gradient).
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

enum class BatchNormTail : std::uint8_t { none, relu, add_relu };

// Whether mean and deviation depend on x (those of the batch) or are given.
enum class BatchNormStatisticsOf : std::uint8_t { batch, running };

struct BatchNormGeometry {
  std::int64_t rows, channels;
};

// Per channel, as forward used them. `mean` and `inverse_deviation` = 1 / sqrt(variance + epsilon) are what a forward
// pass leaves for its way back.
template <class M>
struct BatchNormChannels {
  const M* mean;
  const M* inverse_deviation;
  const M* weight;
  const M* bias;
};

// Of x by runs of rows: run r is rows [r * run, (r + 1) * run), the last may be shorter. values [2, ceil(rows / run),
// channels]: the mean of each run, then its sum of squared deviations from that mean, which no large mean costs digits.
template <class M>
struct BatchNormMoments {
  const M* values;
  std::int64_t run;
};

template <class Device>
struct BatchNorm {
  // For statistics and for reduce.
  template <class T>
  static std::size_t scratch_bytes(const Exec&, const BatchNormGeometry&);
  // mean and inverse_deviation of x; then, where they are not nullptr, running = (1 - momentum) running + momentum of
  // the batch, with the unbiased variance. rows > 1.
  template <class T>
  static void statistics(const Exec&, const BatchNormGeometry&, const T* x, double epsilon, double momentum,
                         Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                         Master<T>* inverse_deviation, void* scratch);
  // The same out of the moments of x, which is not read.
  template <class T>
  static void statistics_of_moments(const Exec&, const BatchNormGeometry&, const BatchNormMoments<Master<T>>&,
                                    double epsilon, double momentum, Master<T>* running_mean,
                                    Master<T>* running_variance, Master<T>* mean, Master<T>* inverse_deviation);
  // mean and inverse_deviation out of running statistics.
  template <class T>
  static void running_statistics(const Exec&, std::int64_t channels, double epsilon, const Master<T>* running_mean,
                                 const Master<T>* running_variance, Master<T>* mean, Master<T>* inverse_deviation);
  // y; `residual` is read for the add_relu tail only. y may be the very memory of x or residual.
  template <class T>
  static void apply(const Exec&, const BatchNormGeometry&, BatchNormTail, const BatchNormChannels<Master<T>>&,
                    const T* x, const T* residual, T* y);
  // dz = dy where z (or z + residual) passed the relu, else 0. dbias = sum dz, dweight = sum dz xhat. The add_relu
  // tail tells it from `y` and writes dz, which may be the very memory of dy; the other tails don't touch these.
  template <class T>
  static void backward_sums(const Exec&, const BatchNormGeometry&, BatchNormTail, const BatchNormChannels<Master<T>>&,
                            const T* x, const T* y, const T* dy, T* dz, Master<T>* dweight, Master<T>* dbias,
                            void* scratch);
  // dx = weight inverse_deviation (dz - dbias / rows - xhat dweight / rows); without the last two terms where the
  // statistics were given. Takes dy for the relu tail, dz for add_relu. dx may be the very memory of it.
  template <class T>
  static void backward_input(const Exec&, const BatchNormGeometry&, BatchNormTail, BatchNormStatisticsOf,
                             const BatchNormChannels<Master<T>>&, const Master<T>* dweight, const Master<T>* dbias,
                             const T* x, const T* dy, T* dx);
};

}  // namespace sluice::kernels

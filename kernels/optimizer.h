// SPDX-License-Identifier: Apache-2.0
// What an optimiser does to parameters, one call over all of them: a list of segments, one a parameter, in the order of
// the list. T is the master type. Bound by bytes: each array of a segment is read once and, where it changes, written
// once. Numbers that change from step to step (learning rate, counted steps, factors) are read from device memory, so
// that a captured step can be replayed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

template <class T>
struct OptimizerSegment {
  std::int64_t count = 0;  // elements of each array
  T* value = nullptr;
  const T* gradient = nullptr;
  T* first = nullptr;      // sgd: velocity, not read without momentum; adam: first moment
  T* second = nullptr;     // adam: second moment
  double* step = nullptr;  // adam: how often this segment was stepped before; the call adds 1
  double weight_decay = 0;
  BFloat16* rounded = nullptr;  // the new value rounded to nearest even is written here too, where it is given
};

template <class T>
struct GradientSegment {
  std::int64_t count = 0;
  T* gradient = nullptr;
};

template <class T>
struct AverageSegment {
  std::int64_t count = 0;
  const T* value = nullptr;
  T* average = nullptr;
};

enum class Momentum : std::uint8_t { none, heavy_ball, nesterov };

struct SgdSettings {
  Momentum kind = Momentum::none;
  double momentum = 0;
};

// How weight decay enters: added to the gradient, or taken off the value beside it.
enum class Decay : std::uint8_t { coupled, decoupled };

struct AdamSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  Decay decay = Decay::coupled;
};

template <class Device>
struct Optimizer {
  // g += decay * value; velocity = momentum * velocity + g; value -= learning_rate[0] * d, where d is g (none),
  // velocity (heavy_ball) or g + momentum * velocity (nesterov). Sutskever et al., 2013, in PyTorch's form, which
  // leaves the learning rate out of the velocity.
  template <class T>
  static void sgd(const Exec&, std::span<const OptimizerSegment<T>>, const SgdSettings&, const double* learning_rate);
  // Kingma and Ba, 2015, algorithm 1; decoupled: Loshchilov and Hutter, 2019, algorithm 2, with the decay times the
  // learning rate as PyTorch has it.
  template <class T>
  static void adam(const Exec&, std::span<const OptimizerSegment<T>>, const AdamSettings&, const double* learning_rate);
  // average += (1 - decay) * (value - average).
  template <class T>
  static void average(const Exec&, std::span<const AverageSegment<T>>, double decay);
};

template <class Device>
struct GradientNorm {
  template <class T>
  static std::size_t scratch_bytes(const Exec&, std::span<const GradientSegment<T>>);
  // norm[0] = sqrt of the sum of all squares: sums in double over fixed chunks, whose sums are added in order.
  template <class T>
  static void norm(const Exec&, std::span<const GradientSegment<T>>, void* scratch, T* norm);
  // factor[0] = min(1, largest / (norm[0] + 1e-6)); NaN stays NaN.
  template <class T>
  static void clip_factor(const Exec&, const T* norm, double largest, T* factor);
  // rate[0] = -radius / norm[0], 0 where the norm is 0; NaN stays NaN. As the learning rate of sgd_step it moves
  // values by `radius` up the gradient. Foret et al., ICLR 2021, eq. 2.
  template <class T>
  static void ascent_rate(const Exec&, const T* norm, double radius, double* rate);
  // gradient *= factor[0].
  template <class T>
  static void scale(const Exec&, std::span<const GradientSegment<T>>, const T* factor);
};

}  // namespace sluice::kernels

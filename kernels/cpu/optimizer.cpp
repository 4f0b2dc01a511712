// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/optimizer_updates.h>

#include <cmath>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

// body(segment, begin, count) over parts of segments. The many small ones of a network share a thread.
template <class Segment, class Body>
void for_each_part(std::span<const Segment> segments, const Body& body) {
  std::int64_t total = 0;
  for (const Segment& segment : segments) total += segment.count;
  parallel_for(total, kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t start = 0;
    for (std::size_t i = 0; i < segments.size() && start < end; start += segments[i].count, ++i) {
      const std::int64_t from = std::max<std::int64_t>(begin - start, 0);
      const std::int64_t to = std::min(end - start, segments[i].count);
      if (from < to) body(i, from, to - from);
    }
  });
}

// The bf16 copy of a part that was written just now, where one is kept.
template <class T>
void round_part(const OptimizerSegment<T>& segment, std::int64_t begin, std::int64_t count) {
  if (segment.rounded == nullptr) return;
  for (std::int64_t i = begin; i < begin + count; ++i)
    segment.rounded[i] = BFloat16(static_cast<float>(segment.value[i]));
}

template <Momentum kind, class T>
void sgd_loop(std::int64_t n, T* value, const T* gradient, T* velocity, T momentum, T decay, T rate) {
  for (std::int64_t i = 0; i < n; ++i) {
    T none{};
    sgd_update<kind>(value[i], gradient[i], kind == Momentum::none ? none : velocity[i], momentum, decay, rate);
  }
}

template <class T>
void adam_loop(std::int64_t n, T* value, const T* gradient, T* first, T* second, const AdamFactors<T> f) {
  for (std::int64_t i = 0; i < n; ++i) adam_update(value[i], gradient[i], first[i], second[i], f);
}

template <class T>
void average_loop(std::int64_t n, const T* value, T* average, T rest) {
  for (std::int64_t i = 0; i < n; ++i) average_update(average[i], value[i], rest);
}

template <class T>
void scale_loop(std::int64_t n, T* x, T factor) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

constexpr std::int64_t kNormChunk = 8192;

template <class T>
double sum_of_squares(std::int64_t n, const T* x) {
  constexpr std::int64_t lanes = 16;
  double sums[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      const auto element = static_cast<double>(x[i + lane]);
      sums[lane] += element * element;
    }
  double sum = 0;
  for (const double lane : sums) sum += lane;
  for (; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

std::int64_t chunks_of(std::int64_t count) { return (count + kNormChunk - 1) / kNormChunk; }

// Calls f(std::integral_constant) with the kind as a compile-time constant.
template <class F>
void with_momentum(Momentum kind, const F& f) {
  switch (kind) {
    case Momentum::none: return f(std::integral_constant<Momentum, Momentum::none>{});
    case Momentum::heavy_ball: return f(std::integral_constant<Momentum, Momentum::heavy_ball>{});
    case Momentum::nesterov: return f(std::integral_constant<Momentum, Momentum::nesterov>{});
  }
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Optimizer<Cpu>::sgd(const Exec&, std::span<const OptimizerSegment<T>> segments, const SgdSettings& settings,
                         const double* learning_rate) {
  const T rate = static_cast<T>(*learning_rate);
  const T momentum = static_cast<T>(settings.momentum);
  with_momentum(settings.kind, [&](auto kind) {
    for_each_part(segments, [&](std::size_t i, std::int64_t begin, std::int64_t count) {
      const OptimizerSegment<T>& s = segments[i];
      T* velocity = s.first == nullptr ? nullptr : s.first + begin;
      sgd_loop<kind.value>(count, s.value + begin, s.gradient + begin, velocity, momentum,
                           static_cast<T>(s.weight_decay), rate);
      round_part(s, begin, count);
    });
  });
}

template <>
template <class T>
void Optimizer<Cpu>::adam(const Exec&, std::span<const OptimizerSegment<T>> segments, const AdamSettings& settings,
                          const double* learning_rate) {
  for (const OptimizerSegment<T>& segment : segments) *segment.step += 1;
  for_each_part(segments, [&](std::size_t i, std::int64_t begin, std::int64_t count) {
    const OptimizerSegment<T>& s = segments[i];
    adam_loop(count, s.value + begin, s.gradient + begin, s.first + begin, s.second + begin,
              adam_factors<T>(settings, *s.step, s.weight_decay, *learning_rate));
    round_part(s, begin, count);
  });
}

template <>
template <class T>
void Optimizer<Cpu>::average(const Exec&, std::span<const AverageSegment<T>> segments, double decay) {
  for_each_part(segments, [&](std::size_t i, std::int64_t begin, std::int64_t count) {
    average_loop(count, segments[i].value + begin, segments[i].average + begin, static_cast<T>(1 - decay));
  });
}

template <>
template <class T>
std::size_t GradientNorm<Cpu>::scratch_bytes(const Exec&, std::span<const GradientSegment<T>> segments) {
  std::int64_t chunks = 0;
  for (const GradientSegment<T>& segment : segments) chunks += chunks_of(segment.count);
  return static_cast<std::size_t>(chunks) * sizeof(double);
}

template <>
template <class T>
void GradientNorm<Cpu>::norm(const Exec&, std::span<const GradientSegment<T>> segments, void* scratch, T* norm) {
  double* partial = static_cast<double*>(scratch);
  std::int64_t chunks = 0;
  for (const GradientSegment<T>& segment : segments) {
    double* const sums = partial + chunks;
    parallel_for(chunks_of(segment.count), kElementGrain / kNormChunk, [=](std::int64_t begin, std::int64_t end) {
      for (std::int64_t chunk = begin; chunk < end; ++chunk) {
        const std::int64_t first = chunk * kNormChunk;
        sums[chunk] = sum_of_squares(std::min(kNormChunk, segment.count - first), segment.gradient + first);
      }
    });
    chunks += chunks_of(segment.count);
  }
  double sum = 0;
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) sum += partial[chunk];
  *norm = static_cast<T>(std::sqrt(sum));
}

template <>
template <class T>
void GradientNorm<Cpu>::clip_factor(const Exec&, const T* norm, double largest, T* factor) {
  *factor = clip_factor_of(*norm, largest);
}

template <>
template <class T>
void GradientNorm<Cpu>::ascent_rate(const Exec&, const T* norm, double radius, double* rate) {
  *rate = ascent_rate_of(*norm, radius);
}

template <>
template <class T>
void GradientNorm<Cpu>::scale(const Exec&, std::span<const GradientSegment<T>> segments, const T* factor) {
  for_each_part(segments, [&](std::size_t i, std::int64_t begin, std::int64_t count) {
    scale_loop(count, segments[i].gradient + begin, *factor);
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuMasterTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Optimizer<Cpu>::sgd<T>, &Optimizer<Cpu>::adam<T>, &Optimizer<Cpu>::average<T>,
                    &GradientNorm<Cpu>::scratch_bytes<T>, &GradientNorm<Cpu>::norm<T>,
                    &GradientNorm<Cpu>::clip_factor<T>, &GradientNorm<Cpu>::ascent_rate<T>,
                    &GradientNorm<Cpu>::scale<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// What an optimiser does to parameters: one launch over all of them. Bound by bytes: each array of a segment is read
// once and, where it changes, written once (SGD with momentum: 20 bytes an element, Adam 28, the average 12; 2 more
// where a bf16 copy is written along); the floor is that over the memory's bandwidth, or the launch for a small
// network.
#include <sluice/kernels/optimizer_updates.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/reduce.h>
#include <sluice/kernels/cuda/segments.h>

namespace sluice::kernels::cuda {
namespace {

// Elements of a block: sixteen a thread.
constexpr std::int64_t kPart = 4096;
constexpr std::int64_t kNormPart = 8192;

template <int width>
__device__ __forceinline__ void store_value(const OptimizerSegment<float>& s, std::int64_t i,
                                            const Pack<float, width>& value) {
  store_pack(s.value, i, value);
  if (s.rounded == nullptr) return;
  Pack<BFloat16, width> rounded;
  UNROLL for (int k = 0; k < width; ++k) rounded[k] = from_float<BFloat16>(value[k]);
  store_pack(s.rounded, i, rounded);
}

template <Momentum kind>
struct SgdBody {
  float momentum;
  const double* learning_rate;

  __device__ void operator()(const OptimizerSegment<float>& s, const SegmentPart& part, std::int64_t) const {
    const auto rate = static_cast<float>(*learning_rate);
    const auto decay = static_cast<float>(s.weight_decay);
    for_part(
        part,
        [&]<int width>(std::integral_constant<int, width>, std::int64_t i) {
          auto value = load_pack<float, width>(s.value, i);
          const auto gradient = load_pack<float, width>(s.gradient, i);
          Pack<float, width> velocity{};
          if constexpr (kind != Momentum::none) velocity = load_pack<float, width>(s.first, i);
          UNROLL for (int k = 0; k < width; ++k)
              sgd_update<kind>(value[k], gradient[k], velocity[k], momentum, decay, rate);
          if constexpr (kind != Momentum::none) store_pack(s.first, i, velocity);
          store_value(s, i, value);
        },
        s.value, s.gradient, s.first, s.rounded);
  }
};

// Counts a step of the segment in the launch that reads it, and returns its number. Every block adds a share when it
// reads; only all shares make a whole step, so the whole part is the steps before. Multiples of 2^-24 are exact in
// double, so that the order of the atomics is of no account; more than 2^24 blocks have no memory to work on.
__device__ __forceinline__ double count_step(const OptimizerSegment<float>& s, const SegmentPart& part) {
  constexpr double share = 0x1p-24;
  const std::int64_t other_blocks = (s.count - 1) / kPart;
  const double rest = 1 - static_cast<double>(other_blocks) * share;
  return floor(atomicAdd(s.step, part.begin == 0 ? rest : share)) + 1;
}

struct AdamBody {
  AdamSettings settings;
  const double* learning_rate;

  __device__ void operator()(const OptimizerSegment<float>& s, const SegmentPart& part, std::int64_t) const {
    SHARED(shared_factors, AdamFactors<float>);
    // Powers in double are dear: once a block.
    if (threadIdx.x == 0)
      shared_factors = adam_factors<float>(settings, count_step(s, part), s.weight_decay, *learning_rate);
    __syncthreads();
    const AdamFactors<float> f = shared_factors;
    for_part(
        part,
        [&]<int width>(std::integral_constant<int, width>, std::int64_t i) {
          auto value = load_pack<float, width>(s.value, i);
          auto first = load_pack<float, width>(s.first, i);
          auto second = load_pack<float, width>(s.second, i);
          const auto gradient = load_pack<float, width>(s.gradient, i);
          UNROLL for (int k = 0; k < width; ++k) adam_update(value[k], gradient[k], first[k], second[k], f);
          store_pack(s.first, i, first);
          store_pack(s.second, i, second);
          store_value(s, i, value);
        },
        s.value, s.gradient, s.first, s.second, s.rounded);
  }
};

struct AverageBody {
  float rest;
  __device__ void operator()(const AverageSegment<float>& s, const SegmentPart& part, std::int64_t) const {
    for_part(
        part,
        [&]<int width>(std::integral_constant<int, width>, std::int64_t i) {
          auto average = load_pack<float, width>(s.average, i);
          const auto value = load_pack<float, width>(s.value, i);
          UNROLL for (int k = 0; k < width; ++k) average_update(average[k], value[k], rest);
          store_pack(s.average, i, average);
        },
        s.value, s.average);
  }
};

struct ScaleBody {
  const float* factor;
  __device__ void operator()(const GradientSegment<float>& s, const SegmentPart& part, std::int64_t) const {
    const float by = *factor;
    for_part(
        part,
        [&]<int width>(std::integral_constant<int, width>, std::int64_t i) {
          auto gradient = load_pack<float, width>(s.gradient, i);
          UNROLL for (int k = 0; k < width; ++k) gradient[k] *= by;
          store_pack(s.gradient, i, gradient);
        },
        s.gradient);
  }
};

struct SquareBody {
  double* sums;  // of each part
  __device__ void operator()(const GradientSegment<float>& s, const SegmentPart& part, std::int64_t chunk) const {
    double sum = 0;
    for_part(
        part,
        [&]<int width>(std::integral_constant<int, width>, std::int64_t i) {
          const auto gradient = load_pack<float, width>(s.gradient, i);
          UNROLL for (int k = 0; k < width; ++k) {
            const auto element = static_cast<double>(gradient[k]);
            sum += element * element;
          }
        },
        s.gradient);
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[chunk] = sum;
  }
};

__global__ void __launch_bounds__(1024) norm_finish_kernel(std::int64_t count, const double* sums, float* norm) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < count; i += blockDim.x) sum += sums[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *norm = static_cast<float>(sqrt(sum));
}

__global__ void __launch_bounds__(32) clip_factor_kernel(const float* norm, double largest, float* factor) {
  if (threadIdx.x != 0) return;
  *factor = clip_factor_of(*norm, largest);
}

__global__ void __launch_bounds__(32) ascent_rate_kernel(const float* norm, double radius, double* rate) {
  if (threadIdx.x != 0) return;
  *rate = ascent_rate_of(*norm, radius);
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Optimizer<Cuda>::sgd(const Exec& exec, std::span<const OptimizerSegment<T>> segments, const SgdSettings& settings,
                          const double* learning_rate) {
  const auto momentum = static_cast<float>(settings.momentum);
  switch (settings.kind) {
    case Momentum::none:
      return for_segments(exec, "sgd", segments, kPart, SgdBody<Momentum::none>{momentum, learning_rate});
    case Momentum::heavy_ball:
      return for_segments(exec, "sgd_momentum", segments, kPart,
                          SgdBody<Momentum::heavy_ball>{momentum, learning_rate});
    case Momentum::nesterov:
      return for_segments(exec, "sgd_nesterov", segments, kPart, SgdBody<Momentum::nesterov>{momentum, learning_rate});
  }
}

template <>
template <class T>
void Optimizer<Cuda>::adam(const Exec& exec, std::span<const OptimizerSegment<T>> segments,
                           const AdamSettings& settings, const double* learning_rate) {
  for_segments(exec, "adam", segments, kPart, AdamBody{settings, learning_rate});
}

template <>
template <class T>
void Optimizer<Cuda>::average(const Exec& exec, std::span<const AverageSegment<T>> segments, double decay) {
  for_segments(exec, "average", segments, kPart, AverageBody{static_cast<float>(1 - decay)});
}

template <>
template <class T>
std::size_t GradientNorm<Cuda>::scratch_bytes(const Exec&, std::span<const GradientSegment<T>> segments) {
  return static_cast<std::size_t>(parts_of(segments, kNormPart)) * sizeof(double);
}

template <>
template <class T>
void GradientNorm<Cuda>::norm(const Exec& exec, std::span<const GradientSegment<T>> segments, void* scratch, T* norm) {
  auto* sums = static_cast<double*>(scratch);
  for_segments(exec, "gradient_norm", segments, kNormPart, SquareBody{sums});
  launch(exec, {"gradient_norm_finish", 1, 1024}, norm_finish_kernel, parts_of(segments, kNormPart), sums, norm);
}

template <>
template <class T>
void GradientNorm<Cuda>::clip_factor(const Exec& exec, const T* norm, double largest, T* factor) {
  launch(exec, {"clip_factor", 1, 32}, clip_factor_kernel, norm, largest, factor);
}

template <>
template <class T>
void GradientNorm<Cuda>::ascent_rate(const Exec& exec, const T* norm, double radius, double* rate) {
  launch(exec, {"ascent_rate", 1, 32}, ascent_rate_kernel, norm, radius, rate);
}

template <>
template <class T>
void GradientNorm<Cuda>::scale(const Exec& exec, std::span<const GradientSegment<T>> segments, const T* factor) {
  for_segments(exec, "scale_gradients", segments, kPart, ScaleBody{factor});
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaMasterTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Optimizer<Cuda>::sgd<T>, &Optimizer<Cuda>::adam<T>, &Optimizer<Cuda>::average<T>,
                    &GradientNorm<Cuda>::scratch_bytes<T>, &GradientNorm<Cuda>::norm<T>,
                    &GradientNorm<Cuda>::clip_factor<T>, &GradientNorm<Cuda>::ascent_rate<T>,
                    &GradientNorm<Cuda>::scale<T>);
});

}  // namespace sluice::kernels

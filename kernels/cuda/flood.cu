// SPDX-License-Identifier: Apache-2.0
// Flooding: decided on the device, so that the host never waits for a loss. Bound by the launch.
#include "kernels/flood.h"

#include "kernels/cuda/reduce.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// What becomes of a mean loss m at level b: value f and slope s (kernels/flood.h).
struct Flooded {
  float value, slope;
  bool touched;  // whether value is another number than m
};

__device__ Flooded flooded_hard(float m, float b) {
  const float sign = m > b ? 1.0f : m < b ? -1.0f : m - b;  // 0 at the level, NaN of a NaN
  return {m < b ? 2 * b - m : m, sign, m < b};
}

__device__ Flooded flooded_soft(float m, float b, float softness) {
  const float u = (m - b) / softness, root = sqrtf(1 + u * u);
  // sqrt(1 + u^2) - 1 without cancellation.
  return {b + softness * softness * (u * u / (root + 1)), softness * u / root, true};
}

__global__ void __launch_bounds__(32) flood_forward_kernel(float level, const float* loss, float* value, float* sign) {
  if (threadIdx.x != 0) return;
  const Flooded flooded = flooded_hard(*loss, level);
  if (value != nullptr) *value = flooded.value;
  *sign = flooded.slope;
}

struct Sums {
  double value, losses, flooded;
};

// One block; a thread takes whole groups, so a group's sum is in the order of its rows.
__global__ void __launch_bounds__(kThreads)
    flood_rows_kernel(FloodRowsGeometry g, const float* losses, const float* levels, float* value, float* mean,
                      float* flooded_share, float* slope) {
  const std::int64_t groups = (g.rows + g.group - 1) / g.group;
  const auto softness = static_cast<float>(g.softness);
  Sums sums{};
  for (std::int64_t group = threadIdx.x; group < groups; group += kThreads) {
    const std::int64_t begin = group * g.group, end = min(begin + g.group, g.rows);
    const auto rows = static_cast<double>(end - begin);
    double loss_sum = 0, level_sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      loss_sum += losses[i];
      level_sum += levels[i * g.level_stride];
    }
    const auto m = static_cast<float>(loss_sum / rows), b = static_cast<float>(level_sum / rows);
    Flooded flooded{m, 1, false};
    if (b != 0) flooded = g.transform == FloodTransform::hard ? flooded_hard(m, b) : flooded_soft(m, b, softness);
    sums.value += flooded.touched ? rows * flooded.value : loss_sum;
    sums.losses += loss_sum;
    if (b > 0 && m < b) sums.flooded += rows;
    const auto of_row = static_cast<float>(flooded.slope / static_cast<double>(g.rows));
    for (std::int64_t i = begin; i < end; ++i) slope[i] = of_row;
  }
  const double value_sum = block_reduce<kThreads>(sums.value, 0.0, Plus{});
  const double losses_sum = block_reduce<kThreads>(sums.losses, 0.0, Plus{});
  const double flooded_sum = block_reduce<kThreads>(sums.flooded, 0.0, Plus{});
  if (threadIdx.x != 0) return;
  const auto rows = static_cast<double>(g.rows);
  *value = static_cast<float>(value_sum / rows);
  *mean = static_cast<float>(losses_sum / rows);
  *flooded_share = static_cast<float>(flooded_sum / rows);
}

__global__ void __launch_bounds__(kThreads)
    gather_class_levels_kernel(std::int64_t rows, std::int64_t classes, const float* class_levels,
                               const std::int32_t* labels, float* levels) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= rows) return;
  const std::int32_t label = labels[i];
  levels[i] = label >= 0 && label < classes ? class_levels[label] : 0;
}

}  // namespace

template <class T>
void flood_forward(const Exec& exec, T level, const T* loss, T* value, T* sign) {
  launch(exec, {"flood_forward", 1, 32}, flood_forward_kernel, level, loss, value, sign);
}

template <class T>
void flood_rows_forward(const Exec& exec, const FloodRowsGeometry& g, const T* losses, const T* levels, T* value,
                        T* mean, T* flooded, T* slope) {
  launch(exec, {"flood_rows_forward", 1, kThreads}, flood_rows_kernel, g, losses, levels, value, mean, flooded, slope);
}

template <class T>
void gather_class_levels(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* class_levels,
                         const std::int32_t* labels, T* levels) {
  launch(exec, {"gather_class_levels", blocks_for(rows, kThreads), kThreads}, gather_class_levels_kernel, rows, classes,
         class_levels, labels, levels);
}

template void flood_forward(const Exec&, float, const float*, float*, float*);
template void flood_rows_forward(const Exec&, const FloodRowsGeometry&, const float*, const float*, float*, float*,
                                 float*, float*);
template void gather_class_levels(const Exec&, std::int64_t, std::int64_t, const float*, const std::int32_t*, float*);

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Flooding of a mean loss and of row losses. Row losses of a batch are so few that one block does them in one launch,
// which is what bounds it.
#include "kernels/flood.h"

#include "kernels/cuda/reduce.h"
#include "kernels/flood_transform.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kBlock = 1024;

__global__ void __launch_bounds__(32)
    flood_forward_kernel(const double* level, const float* loss, float* value, float* sign) {
  if (threadIdx.x != 0) return;
  const Flooded<float> flooded = flood_hard(*loss, static_cast<float>(*level));
  if (value != nullptr) *value = flooded.value;
  *sign = flooded.slope;
}

// A group has `lanes` threads: 1, a warp's 32, or the whole block.
template <int lanes>
__device__ __forceinline__ double group_sum(double value) {
  if constexpr (lanes == kBlock)
    return block_sum(value);
  else
    return lanes_sum<lanes>(value);
}

template <int lanes>
__global__ void __launch_bounds__(kBlock)
    flood_rows_forward_kernel(FloodRowsGeometry g, const float* losses, const float* levels, float* value, float* mean,
                              float* flooded, float* slope) {
  constexpr int together = kBlock / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes, place = static_cast<int>(threadIdx.x) / lanes;
  const std::int64_t groups = (g.rows + g.group - 1) / g.group;
  double values = 0, losses_sum = 0, below = 0;
  // The block stays together: a place past the last group has one of no rows.
  for (std::int64_t first_group = 0; first_group < groups; first_group += together) {
    const std::int64_t first = min((first_group + place) * g.group, g.rows), end = min(first + g.group, g.rows);
    double own_losses = 0, own_levels = 0;
    for (std::int64_t i = first + lane; i < end; i += lanes) {
      own_losses += static_cast<double>(losses[i]);
      if (g.level_stride != 0) own_levels += static_cast<double>(levels[i]);
    }
    const double sum = group_sum<lanes>(own_losses), levels_sum = group_sum<lanes>(own_levels);
    if (first == end) continue;
    const auto n = static_cast<double>(end - first);
    const auto m = static_cast<float>(sum / n);
    const float level = g.level_stride == 0 ? *levels : static_cast<float>(levels_sum / n);
    const Flooded<float> group = g.transform == FloodTransform::hard
                                     ? flood_hard(m, level)
                                     : flood_soft(m, level, static_cast<float>(g.softness));
    for (std::int64_t i = first + lane; i < end; i += lanes) slope[i] = group.slope / static_cast<float>(g.rows);
    if (lane != 0) continue;
    values += group.touched ? n * static_cast<double>(group.value) : sum;
    losses_sum += sum;
    if (m < level && level > 0) below += n;
  }
  const auto rows = static_cast<double>(g.rows);
  const double all_values = block_sum(values), all_losses = block_sum(losses_sum), all_below = block_sum(below);
  if (threadIdx.x != 0) return;
  *value = static_cast<float>(all_values / rows);
  *mean = static_cast<float>(all_losses / rows);
  *flooded = static_cast<float>(all_below / rows);
}

__global__ void __launch_bounds__(256)
    gather_class_levels_kernel(std::int64_t rows, std::int64_t classes, const float* class_levels,
                               const std::int32_t* labels, float* levels) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= rows) return;
  const std::int32_t label = labels[i];
  levels[i] = label >= 0 && label < classes ? class_levels[label] : 0.0f;
}

}  // namespace

template <>
void flood_forward(const Exec& exec, const double* level, const float* loss, float* value, float* sign) {
  launch(exec, {"flood_forward", 1, 32}, flood_forward_kernel, level, loss, value, sign);
}

template <>
void flood_rows_forward(const Exec& exec, const FloodRowsGeometry& g, const float* losses, const float* levels,
                        float* value, float* mean, float* flooded, float* slope) {
  const auto run = [&](auto kernel) {
    launch(exec, {"flood_rows_forward", 1, kBlock}, kernel, g, losses, levels, value, mean, flooded, slope);
  };
  if (g.group <= 8)
    run(flood_rows_forward_kernel<1>);
  else if (g.group <= 1024)
    run(flood_rows_forward_kernel<32>);
  else
    run(flood_rows_forward_kernel<kBlock>);
}

template <>
void gather_class_levels(const Exec& exec, std::int64_t rows, std::int64_t classes, const float* class_levels,
                         const std::int32_t* labels, float* levels) {
  if (rows == 0) return;
  launch(exec, {"gather_class_levels", blocks_for(rows, 256), 256}, gather_class_levels_kernel, rows, classes,
         class_levels, labels, levels);
}

}  // namespace sluice::kernels::cuda

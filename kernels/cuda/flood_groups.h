// SPDX-License-Identifier: Apache-2.0
// Flooding of the losses of N rows by one block, as flood_rows_forward (kernels/flood.h) has it. Up to some ten
// thousand rows one block reads in less time than a second launch takes.
#pragma once

#include <sluice/kernels/cuda/reduce.h>
#include <sluice/kernels/flood_transform.h>

namespace sluice::kernels::cuda {

struct FloodGroups {
  std::int64_t rows;
  FloodRule rule;
  FloodLevels<float> levels;
  float *value, *mean, *flooded, *slope;
};

// `lanes` threads a group: 1, a warp's 32, or 0 for the whole block.
template <int lanes>
__device__ __forceinline__ double group_sum(double value) {
  if constexpr (lanes == 0)
    return block_sum(value);
  else
    return lanes_sum<lanes>(value);
}

template <int lanes>
__device__ __forceinline__ void flood_groups_by(const FloodGroups& f, const float* losses) {
  const int width = lanes == 0 ? static_cast<int>(blockDim.x) : lanes;
  const int together = static_cast<int>(blockDim.x) / width;
  const int lane = static_cast<int>(threadIdx.x) % width, place = static_cast<int>(threadIdx.x) / width;
  const std::int64_t groups = (f.rows + f.rule.group - 1) / f.rule.group;
  double values = 0, losses_sum = 0, below = 0;
  // The block stays together: a place past the last group has one of no rows.
  for (std::int64_t first_group = 0; first_group < groups; first_group += together) {
    const std::int64_t first = min((first_group + place) * f.rule.group, f.rows);
    const std::int64_t end = min(first + f.rule.group, f.rows);
    double own_losses = 0, own_levels = 0;
    for (std::int64_t i = first + lane; i < end; i += width) {
      own_losses += static_cast<double>(losses[i]);
      if (f.levels.one == nullptr) own_levels += static_cast<double>(f.levels.of_rows[i]);
    }
    const double sum = group_sum<lanes>(own_losses), levels_sum = group_sum<lanes>(own_levels);
    if (first == end) continue;
    const auto n = static_cast<double>(end - first);
    const auto m = static_cast<float>(sum / n);
    const auto level = static_cast<float>(f.levels.one != nullptr ? *f.levels.one : levels_sum / n);
    const Flooded<float> group = flood_by(f.rule, m, level);
    for (std::int64_t i = first + lane; i < end; i += width) f.slope[i] = group.slope / static_cast<float>(f.rows);
    if (lane != 0) continue;
    values += group.touched ? n * static_cast<double>(group.value) : sum;
    losses_sum += sum;
    if (m < level && level > 0) below += n;
  }
  const auto rows = static_cast<double>(f.rows);
  const double all_values = block_sum(values), all_losses = block_sum(losses_sum), all_below = block_sum(below);
  if (threadIdx.x != 0) return;
  *f.value = static_cast<float>(all_values / rows);
  *f.mean = static_cast<float>(all_losses / rows);
  *f.flooded = static_cast<float>(all_below / rows);
}

// Asked of all threads of a block, which may read the slopes of all rows thereafter.
__device__ __forceinline__ void flood_groups(const FloodGroups& f, const float* losses) {
  if (f.rule.group <= 8)
    flood_groups_by<1>(f, losses);
  else if (f.rule.group <= 1024)
    flood_groups_by<32>(f, losses);
  else
    flood_groups_by<0>(f, losses);
}

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Flooding at a level b >= 0: of one mean loss L, value |L - b| + b, and the sign by which its gradient turns round;
// and of the losses of N rows, decided for the whole batch, for groups of rows, or for each row.
// Sources: Ishida, Yamane, Sakai, Niu, Sugiyama, "Do we need zero training loss after achieving zero training error?",
// ICML 2020, section 3 (the mean of a batch); Xie et al., "iFlood: a stable and effective regularizer", ICLR 2022 (each
// row); Holland and Nakatani, "Soft ascent-descent as a stable and flexible alternative to flooding" (SoftAD), NeurIPS
// 2024 (soft, with their eta = 1); Bae et al., "AdaFlood: adaptive flood regularization", TMLR 2024 (a level a row).
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

enum class FloodTransform : std::uint8_t { hard, soft };

// How the losses of N rows meet their levels.
struct FloodRule {
  std::int64_t group = 1;  // G in [1,N]: rows [kG, kG + G) are one group, the last one may be shorter
  FloodTransform transform = FloodTransform::hard;
  double softness = 1;  // sigma > 0 of the soft transform
};

// Levels >= 0: `one` for all rows, a number in device memory, or of_rows [N]. The other is nullptr.
template <class T>
struct FloodLevels {
  const double* one = nullptr;
  const T* of_rows = nullptr;
};

// T is float or double, the types of losses. A pointer without a shape is one number in device memory.
template <class Device>
struct Flood {
  // value: L where L >= b, else 2b - L, which is |L - b| + b without its first rounding. sign: 1 where L > b, -1
  // where L < b, 0 where L == b; NaN where L is NaN. At b == 0, no flooding: L and 1. b is level[0], rounded to T.
  // value may be nullptr.
  template <class T>
  static void forward(const Exec&, const double* level, const T* loss, T* value, T* sign);
  // Of losses [N], N >= 1. A group's loss m is the mean of its n rows, its level b the mean of theirs:
  //   b == 0:  f = m,             s = 1     no flooding, in both transforms
  //   hard:    f = |m - b| + b,   s = sign(m - b), 0 at m == b        as flood_forward has it
  //   soft:    f = b + sigma^2 rho((m - b) / sigma), rho(u) = sqrt(1 + u^2) - 1,   s = sigma u / sqrt(1 + u^2)
  // value = sum over the groups of n f / N, where a group with f = m counts as the sum of its losses; mean = the mean
  // of the losses, unflooded; flooded = the share of rows in groups with b > 0 and m < b; slope [N] = s / N, the
  // derivative of value by each loss. NaN in a group makes value and its slopes NaN. m and b are rounded to T before
  // they meet. Sums are in double: over a group's rows, then over the groups. Bound by bytes, 3N elements; at the
  // size of a batch, by the launch.
  template <class T>
  static void rows_forward(const Exec&, std::int64_t rows, const FloodRule&, const T* losses,
                           const FloodLevels<T>& levels, T* value, T* mean, T* flooded, T* slope);
  // levels [N]: class_levels [C] at labels [N]; 0, no flooding, for a label outside [0,C).
  template <class T>
  static void gather_class_levels(const Exec&, std::int64_t rows, std::int64_t classes, const T* class_levels,
                                  const std::int32_t* labels, T* levels);
};

}  // namespace sluice::kernels

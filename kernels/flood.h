// SPDX-License-Identifier: Apache-2.0
// Flooding of one mean loss L at a level b >= 0: value |L - b| + b, and the sign by which its gradient turns round.
// Source: Ishida, Yamane, Sakai, Niu, Sugiyama, "Do we need zero training loss after achieving zero training error?",
// ICML 2020, section 3.
#pragma once

#include "kernels/base/exec.h"
#include "kernels/base/types.h"

namespace sluice::kernels {

// T is float or double, the types of losses. Every pointer is one number in device memory.
#define SLUICE_FLOOD_KERNELS                                                                           \
  /* value: L where L >= b, else 2b - L, which is |L - b| + b without its first rounding.              \
     sign: 1 where L > b, -1 where L < b, 0 where L == b; NaN where L is NaN. value may be nullptr. */ \
  template <class T>                                                                                   \
  void flood_forward(const Exec&, T level, const T* loss, T* value, T* sign);

namespace cpu {
SLUICE_FLOOD_KERNELS
}
namespace cuda {
SLUICE_FLOOD_KERNELS
}
#undef SLUICE_FLOOD_KERNELS

}  // namespace sluice::kernels

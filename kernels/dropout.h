// SPDX-License-Identifier: Apache-2.0
// Dropout (Srivastava et al., JMLR 2014) with inverted scaling: y = x / (1 - p) where the element is kept, else 0. The
// way back is the same kernel on dy: the mask is a function of (seed, step, element) and is computed again, not stored.
// Bound by bytes on a GPU, by the random numbers on a CPU.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/philox.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct DropoutMask {
  double probability = 0;  // of an element to be dropped, in [0,1)
  std::uint64_t seed = 0;
  const double* step = nullptr;  // a whole number in [0, 2^32), in device memory
};

// Word i % 4 of philox(seed, {dropout, step, i / 4}) decides on element i: it is kept where uniform(word) is at least
// the probability, in float.
template <class Device>
struct Dropout {
  template <class T>
  static void apply(const Exec&, const DropoutMask&, std::int64_t n, const T* x, T* y);
};

}  // namespace sluice::kernels

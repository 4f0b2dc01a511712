// SPDX-License-Identifier: Apache-2.0
// Products of pairs of matrices: y_b [M,N] = a_b [M,K] b_b [K,N] for each b of a batch, sums in float (double for f64).
// Bound by 2*B*M*N*K operations.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct MatmulShape {
  // Which factor lies transposed in memory: a as [K,M], or b as [N,K].
  enum class Transposed : std::uint8_t { none, a, b };

  std::int64_t batch, m, n, k;
  Transposed transposed = Transposed::none;

  auto operator<=>(const MatmulShape&) const = default;
};

template <class Device>
struct Matmul {
  template <class T>
  static std::size_t scratch_bytes(const Exec&, const MatmulShape&);
  template <class T>
  static void run(const Exec&, const MatmulShape&, const T* a, const T* b, T* y, void* scratch);
};

}  // namespace sluice::kernels

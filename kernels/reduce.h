// SPDX-License-Identifier: Apache-2.0
// Reductions of x [outer, reduced, inner] over its middle axis to y [outer, inner]. Bound by bytes: x is read once.
// Sums go in chunks, and chunks of chunks, whose sizes depend on the geometry alone, so that the order is fixed and the
// error of a sum of n numbers grows as log n.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include <sluice/base/exec.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/math.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels {

struct ReduceGeometry {
  std::int64_t outer = 1, reduced = 1, inner = 1;

  // Elements along the reduced axis that are added up in one go; and the reduction of what the chunks leave.
  std::int64_t chunk() const { return inner == 1 ? 4096 : 256; }
  std::int64_t chunks() const { return reduced <= chunk() ? 1 : (reduced + chunk() - 1) / chunk(); }
  ReduceGeometry of_chunks() const { return {outer, chunks(), inner}; }
  // Partial results of all stages but the last.
  std::int64_t partials() const { return chunks() == 1 ? 0 : outer * chunks() * inner + of_chunks().partials(); }
};

// What is done with two values, from which value it starts, and what with the result. R is Compute of the elements.

// factor times the sum: a mean for 1/n. 0 of nothing.
struct Sum {
  double factor = 1;
  static constexpr const char* name = "sum";
  template <class R>
  SLUICE_HOST_DEVICE R start() const {
    return R(0);
  }
  template <class R>
  SLUICE_HOST_DEVICE R both(R a, R b) const {
    return a + b;
  }
  template <class R>
  SLUICE_HOST_DEVICE R finish(R total) const {
    return R(factor * total);
  }
};

// NaN where there is one.
struct Largest {
  static constexpr const char* name = "max";
  template <class R>
  SLUICE_HOST_DEVICE R start() const {
    return std::numeric_limits<R>::has_infinity ? -std::numeric_limits<R>::infinity()
                                                : std::numeric_limits<R>::lowest();
  }
  template <class R>
  SLUICE_HOST_DEVICE R both(R a, R b) const {
    return math::maximum(a, b);
  }
  template <class R>
  SLUICE_HOST_DEVICE R finish(R total) const {
    return total;
  }
};

struct Smallest {
  static constexpr const char* name = "min";
  template <class R>
  SLUICE_HOST_DEVICE R start() const {
    return std::numeric_limits<R>::has_infinity ? std::numeric_limits<R>::infinity() : std::numeric_limits<R>::max();
  }
  template <class R>
  SLUICE_HOST_DEVICE R both(R a, R b) const {
    return math::minimum(a, b);
  }
  template <class R>
  SLUICE_HOST_DEVICE R finish(R total) const {
    return total;
  }
};

template <class Device>
struct Reduce {
  // `scratch` has room for geometry.partials() numbers of Compute<In>.
  template <class Op, class In, class Out>
  static void run(const Exec&, const Op&, const ReduceGeometry&, const In* x, Out* y, void* scratch);
};

// The addresses that the source files of a device instantiate: Largest and Smallest keep the type, sums of integers are
// i32, and sums of bf16 that take several passes stay in f32 between them.
template <class Device, class... T>
constexpr auto instantiate_reductions(Types<T...>) {
  return std::tuple(&Reduce<Device>::template run<Sum, T, T>..., &Reduce<Device>::template run<Largest, T, T>...,
                    &Reduce<Device>::template run<Smallest, T, T>...,
                    &Reduce<Device>::template run<Sum, BFloat16, float>,
                    &Reduce<Device>::template run<Sum, float, BFloat16>,
                    &Reduce<Device>::template run<Sum, std::uint8_t, std::int32_t>);
}

}  // namespace sluice::kernels

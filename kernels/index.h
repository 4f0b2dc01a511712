// SPDX-License-Identifier: Apache-2.0
// Elements taken from places of an axis that a tensor of indices names, and sums into such places. x [O,N,I] is a
// tensor as its axis of N places sees it, O being all axes outside of it and I all inside; M indices name places of
// that axis.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// Whose the indices are: index [M], one for all of O and I (rows), or index [O,M,I], one for each element.
enum class IndexOf : std::uint8_t { rows, elements };

struct IndexGeometry {
  std::int64_t outer, extent, inner;  // O, N, I
  std::int64_t count;                 // M
  IndexOf of = IndexOf::rows;
};

// Indices are checked by the operations where the host can read them. On the CUDA device nobody could refuse one
// without waiting, so an index outside of [0,N) makes results NaN, as an unknown label does: take() the element that it
// names (the smallest i32, 255 of u8), add_at() all sums of its line along the axis, one_hot() its row.
template <class Device>
struct Index {
  // y [O,M,I] = x[o, index, i], elements of `element_bytes` (1, 2, 4 or 8); `missing` is the bits of what an index
  // outside of [0,N) gives. Bound by bytes: the indices and y once, and of x what y holds.
  static void take(const Exec&, const IndexGeometry&, std::size_t element_bytes, std::uint64_t missing, const void* x,
                   const std::int32_t* index, void* y);
  // sums[o, index, i] += dy[o, m, i] for m = 0, 1, ... M-1, in this order: every place of sums [O,N,I] looks for its
  // indices itself, so nothing is added atomically. Reads dy once and the indices once a place: O*N*M of them from the
  // caches, times I where they are by element. That is what bounds it where N*M is large: on the CUDA device 32 indices
  // an instruction where they are by row, one where they are by element; on the CPU once a thread.
  template <class T>
  static void add_at(const Exec&, const IndexGeometry&, const T* dy, const std::int32_t* index, Master<T>* sums);
  // y [M,N]: 1 at the place that index [M] names, 0 elsewhere. Bound by bytes: y written once.
  template <class T>
  static void one_hot(const Exec&, std::int64_t count, std::int64_t classes, const std::int32_t* index, T* y);
  // y [n] = `value` (bits of one element) where mask [n] is not 0, else x; y may be x. Bound by bytes.
  static void fill_where(const Exec&, std::int64_t n, std::size_t element_bytes, std::uint64_t value,
                         const std::uint8_t* mask, const void* x, void* y);
};

}  // namespace sluice::kernels

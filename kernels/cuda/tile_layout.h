// SPDX-License-Identifier: Apache-2.0
// How a tile of a matrix product lies in shared memory: rows of 16-byte chunks, of which chunk c of row r is at place
// c ^ swizzle(r). Shared memory has 32 banks of 4 bytes, so that 8 chunks at a time meet no bank twice if, and only if,
// their places differ by their remainders by 8.
#pragma once

#include <cstdint>

#include <sluice/base/host_device.h>

namespace sluice::kernels::cuda {

// Which axis lies contiguous, in memory and in a tile: the one that is summed over, or rows of A and columns of B.
enum class Contiguous : std::uint8_t { depth, results };

// For rows of `chunks` chunks (a power of two), 4 where the depth is contiguous. `elements` are those of a chunk: 8 of
// bf16, or 4 floats.
SLUICE_HOST_DEVICE constexpr int swizzle(Contiguous contiguous, int elements, int chunks, int row) {
  // Serves eight neighbouring rows, and rows 0, 1, 4, 5, 8, 9, 12, 13, as columns of B are read.
  if (contiguous == Contiguous::depth || (elements == 8 && chunks == 4)) return ((row >> 1) & 3) ^ ((row >> 3) & 1);
  // Eight neighbouring rows.
  if (elements == 8) return chunks >= 8 ? row & 7 : (row >> 2) & 1;
  // Four neighbouring rows of two chunks.
  return chunks >= 8 ? (row & 3) << 1 : row & 2;
}

// The place of a chunk in its tile, in chunks.
SLUICE_HOST_DEVICE constexpr int chunk_place(Contiguous contiguous, int elements, int chunks, int row, int chunk) {
  return row * chunks + (chunk ^ swizzle(contiguous, elements, chunks, row));
}

}  // namespace sluice::kernels::cuda

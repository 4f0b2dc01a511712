// SPDX-License-Identifier: Apache-2.0
// That no access of a matrix product's tiles meets a bank of shared memory twice: a warp moves 8 chunks of 16 bytes at
// a time, or 32 words.
#include <sluice/kernels/cuda/tile_layout.h>

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace sluice::test {
namespace {

using kernels::cuda::chunk_place;
using kernels::cuda::Contiguous;

// `rows` read at one chunk, by ldmatrix or as packs.
bool meets_every_bank(Contiguous contiguous, int elements, int chunks, int chunk, const std::vector<int>& rows) {
  std::set<int> banks;
  for (const int row : rows) banks.insert(chunk_place(contiguous, elements, chunks, row, chunk) % 8);
  return banks.size() == rows.size();
}

std::vector<int> neighbours(int first, int count) {
  std::vector<int> rows;
  for (int i = 0; i < count; ++i) rows.push_back(first + i);
  return rows;
}

TEST(TileLayout, CopiesOfNeighbouringThreadsMeetEveryBankOnce) {
  for (const Contiguous contiguous : {Contiguous::depth, Contiguous::results})
    for (const int elements : {4, 8})
      for (const int chunks : {2, 4, 8, 16, 32}) {
        if (contiguous == Contiguous::depth && chunks != 4) continue;
        if (elements == 4 && chunks == 2) continue;  // no tile has 8 floats a row
        for (int first = 0; first < 32 * chunks; first += 8) {
          std::set<int> banks;
          for (int i = first; i < first + 8; ++i)
            banks.insert(chunk_place(contiguous, elements, chunks, i / chunks, i % chunks) % 8);
          EXPECT_EQ(banks.size(), 8u) << elements << " elements, " << chunks << " chunks, from " << first;
        }
      }
}

TEST(TileLayout, RowsAlongTheDepthMeetEveryBankOnce) {
  for (const int elements : {4, 8})
    for (int chunk = 0; chunk < 4; ++chunk)
      for (int first = 0; first < 128; first += 16) {
        EXPECT_TRUE(meets_every_bank(Contiguous::depth, elements, 4, chunk, neighbours(first, 8)));
        EXPECT_TRUE(meets_every_bank(Contiguous::depth, elements, 4, chunk, neighbours(first + 8, 8)));
        for (const int half : {0, 2}) {
          std::vector<int> columns_of_b;
          for (int i = 0; i < 8; ++i) columns_of_b.push_back(first + i / 2 * 4 + i % 2 + half);
          EXPECT_TRUE(meets_every_bank(Contiguous::depth, elements, 4, chunk, columns_of_b));
        }
      }
}

TEST(TileLayout, RowsOfTransposedMatricesMeetEveryBankOnce) {
  for (const int chunks : {2, 4, 8, 16})
    for (int chunk = 0; chunk < chunks; ++chunk)
      for (int first = 0; first < 32; first += 8)
        EXPECT_TRUE(meets_every_bank(Contiguous::results, 8, chunks, chunk, neighbours(first, 8))) << chunks;
}

// Lane (g, t) reads row t, column g of a block of 4x8 floats.
TEST(TileLayout, WordsOfTf32FragmentsMeetEveryBankOnce) {
  for (const int chunks : {4, 8, 16, 32})
    for (int row = 0; row < 16; row += 4)
      for (int column = 0; column < chunks * 4; column += 8) {
        std::set<int> banks;
        for (int t = 0; t < 4; ++t)
          for (int g = 0; g < 8; ++g)
            banks.insert((chunk_place(Contiguous::results, 4, chunks, row + t, (column + g) / 4) * 4 + g % 4) % 32);
        EXPECT_EQ(banks.size(), 32u) << chunks;
      }
}

}  // namespace
}  // namespace sluice::test

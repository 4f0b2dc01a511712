// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/warp_matrix.h>

#include <bit>
#include <cstring>

namespace sluice::emulator {
namespace {

constexpr int kLanes = 32;

struct Load {
  std::uint32_t* registers;
  const void* row;
};

template <int count, Transpose transpose>
void load(void** lanes) {
  for (int matrix = 0; matrix < count; ++matrix)
    for (int lane = 0; lane < kLanes; ++lane) {
      std::uint16_t halves[2];
      for (int half = 0; half < 2; ++half) {
        const int row = transpose == Transpose::yes ? 2 * (lane % 4) + half : lane / 4;
        const int column = transpose == Transpose::yes ? lane / 4 : 2 * (lane % 4) + half;
        const void* address = static_cast<const Load*>(lanes[8 * matrix + row])->row;
        halves[half] = static_cast<const std::uint16_t*>(address)[column];
      }
      static_cast<Load*>(lanes[lane])->registers[matrix] = halves[0] | std::uint32_t{halves[1]} << 16;
    }
}

template <int count>
CollectiveFunction load_function(Transpose transpose) {
  return transpose == Transpose::yes ? load<count, Transpose::yes> : load<count, Transpose::no>;
}

struct Move {
  std::uint32_t matrix, transposed;
};

struct MultiplyAdd {
  float* d;
  const std::uint32_t* a;
  std::array<std::uint32_t, 2> b;
};

float bf16(std::uint32_t word, int half) { return std::bit_cast<float>(half == 1 ? word & 0xffff0000u : word << 16); }

float tf32(std::uint32_t word) { return std::bit_cast<float>(word & 0xffffe000u); }

template <int depth>
void multiply_add(void** lanes, const float (&a)[16][depth], const float (&b)[depth][8]) {
  for (int lane = 0; lane < kLanes; ++lane)
    for (int i = 0; i < 4; ++i) {
      const int row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
      float& d = static_cast<MultiplyAdd*>(lanes[lane])->d[i];
      for (int k = 0; k < depth; ++k) d += a[row][k] * b[k][column];
    }
}

void multiply_add_of_bf16(void** lanes) {
  float a[16][16], b[16][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto* x = static_cast<const MultiplyAdd*>(lanes[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < 4; ++i)
      for (int half = 0; half < 2; ++half) a[g + 8 * (i % 2)][2 * t + 8 * (i / 2) + half] = bf16(x->a[i], half);
    for (int i = 0; i < 2; ++i)
      for (int half = 0; half < 2; ++half) b[2 * t + 8 * i + half][g] = bf16(x->b[i], half);
  }
  multiply_add<16>(lanes, a, b);
}

void multiply_add_of_tf32(void** lanes) {
  float a[16][8], b[8][8];
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto* x = static_cast<const MultiplyAdd*>(lanes[lane]);
    const int g = lane / 4, t = lane % 4;
    for (int i = 0; i < 4; ++i) a[g + 8 * (i % 2)][t + 4 * (i / 2)] = tf32(x->a[i]);
    for (int i = 0; i < 2; ++i) b[t + 4 * i][g] = tf32(x->b[i]);
  }
  multiply_add<8>(lanes, a, b);
}

}  // namespace

void load_matrices(std::uint32_t* registers, int count, const void* row, Transpose transpose, const Location& at) {
  if (static_cast<int>(built_ins.lane) < 8 * count) {
    if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
      fail("ldmatrix: the address of a row is not aligned to 16", at);
    require_shared(row, "ldmatrix", at);
    note_access(row, 16, Access::read, at);
  }
  Load mine{registers, row};
  warp_collective(~0u, &mine,
                  count == 1   ? load_function<1>(transpose)
                  : count == 2 ? load_function<2>(transpose)
                               : load_function<4>(transpose),
                  "ldmatrix", at);
}

std::uint32_t transpose_matrix(std::uint32_t matrix, const Location& at) {
  Move mine{matrix, 0};
  warp_collective(
      ~0u, &mine,
      [](void** lanes) {
        for (int lane = 0; lane < kLanes; ++lane) {
          const int g = lane / 4, t = lane % 4;
          std::uint32_t halves[2];
          for (int half = 0; half < 2; ++half)  // row 2t + half, column g
            halves[half] =
                static_cast<const Move*>(lanes[4 * (2 * t + half) + g / 2])->matrix >> (16 * (g % 2)) & 0xffffu;
          static_cast<Move*>(lanes[lane])->transposed = halves[0] | halves[1] << 16;
        }
      },
      "movmatrix", at);
  return mine.transposed;
}

void multiply_add_bf16(float (&d)[4], const std::uint32_t (&a)[4], std::array<std::uint32_t, 2> b, const Location& at) {
  MultiplyAdd mine{d, a, b};
  warp_collective(~0u, &mine, multiply_add_of_bf16, "mma.m16n8k16", at);
}

void multiply_add_tf32(float (&d)[4], const std::uint32_t (&a)[4], std::array<std::uint32_t, 2> b, const Location& at) {
  MultiplyAdd mine{d, a, b};
  warp_collective(~0u, &mine, multiply_add_of_tf32, "mma.m16n8k8", at);
}

std::uint32_t round_to_tf32(std::uint32_t word) {
  const bool finite = (word & 0x7f800000u) != 0x7f800000u;
  if (finite) return (word + 0x1000u) & 0xffffe000u;
  const bool nan = (word & 0x007fffffu) != 0;
  return nan ? 0x7fffffffu : word;
}

}  // namespace sluice::emulator

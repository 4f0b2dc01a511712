// SPDX-License-Identifier: Apache-2.0
// Convolution backward_weight as one matrix product (implicit GEMM):
//   dweight[k, r, s, c] = sum over results (n, p, q) of dy[n, p, q, k] * x[n, row(p, r), column(q, s), c].
// D is [M,N] with M = K and N = R*S*C; A and B have results as their depth, A [K, N*P*Q] is dy as it lies and B
// [R*S*C, N*P*Q] is gathered from x. The sum is split over runs of results (split-K), each run into an array of its
// own. Bound by the products (2 * N*P*Q * K*R*S*C operations) from some 64 channels on, by the bytes of x and dy below.
// Source: NVIDIA CUTLASS's documentation of implicit GEMM.
#pragma once

#include <sluice/kernels/cuda/conv2d_gather.h>
#include <sluice/kernels/cuda/gemm_products.h>

namespace sluice::kernels::cuda {

struct WeightGradientShape {
  int results;                      // N*P*Q
  int out_channels, channels;       // K, C
  int kernel_width, columns;        // S, R*S*C
  int run;                          // results that are summed into one array: whole stages
  GatherAxis vertical, horizontal;  // of forward
};

template <class Element>
struct WeightGradientOperands {
  const Element* x;
  const Element* dy;
  float* partial;    // [runs,K,R,S,C]
  bool whole_packs;  // R*S*C in fours, and `partial` aligned to four
};

// Copies stages of A and B from result `first` on; thread t has one chunk of rows t / chunks, ... of the tile
// [depth][m] of A and of [depth][n] of B.
template <class Tile, Access access_a, Access access_b>
class WeightGradientLoader {
  using Element = typename Tile::Element;

 public:
  __device__ __forceinline__ WeightGradientLoader(const WeightGradientShape& shape,
                                                  const WeightGradientOperands<Element>& operands, int first,
                                                  int first_row, int first_column)
      : shape_(shape),
        x_(operands.x),
        dy_(operands.dy),
        row_(first_row + thread() % kChunksA * Tile::chunk),
        column_(first_column + thread() % kChunksB * Tile::chunk),
        result_(first),
        at_(Digits::of(first + thread() / kChunksB, shape.vertical.results, shape.horizontal.results)),
        step_(Digits::of(kLinesB, shape.vertical.results, shape.horizontal.results)) {
    constexpr int taps = access_b == Access::vector ? 1 : Tile::chunk;
    UNROLL for (int e = 0; e < taps; ++e) {
      const Digits tap = Digits::of(column_ + e, shape.kernel_width, shape.channels);
      down_[e] = shape.vertical.first + tap.outer * shape.vertical.tap_step;
      across_[e] = shape.horizontal.first + tap.middle * shape.horizontal.tap_step;
      channel_[e] = tap.inner;
    }
  }

  __device__ __forceinline__ void load(Element* a, Element* b) {
    UNROLL for (int i = 0; i < kPassesA; ++i) {
      const int depth = thread() / kChunksA + i * kLinesA;
      if (kLinesA <= Tile::depth || depth < Tile::depth)
        load_dy(a + place_in_tile<Tile, kChunksA>(depth, thread() % kChunksA), result_ + depth);
    }
    UNROLL for (int i = 0; i < kPassesB; ++i) {
      const int depth = thread() / kChunksB + i * kLinesB;
      load_x(b + place_in_tile<Tile, kChunksB>(depth, thread() % kChunksB), result_ + depth < shape_.results);
      at_.add(step_, shape_.vertical.results, shape_.horizontal.results);
    }
    result_ += Tile::depth;
  }

 private:
  static constexpr int kChunksA = Tile::m / Tile::chunk, kChunksB = Tile::n / Tile::chunk;
  static constexpr int kLinesA = Tile::threads / kChunksA, kLinesB = Tile::threads / kChunksB;
  static constexpr int kPassesA = (Tile::depth + kLinesA - 1) / kLinesA, kPassesB = Tile::depth / kLinesB;
  static_assert(Tile::depth % kLinesB == 0, "a stage's passes over B lead to the next stage");

  __device__ __forceinline__ static int thread() { return static_cast<int>(threadIdx.x); }

  __device__ __forceinline__ void load_dy(Element* to, int result) const {
    const Element* from = dy_ + std::int64_t{result} * shape_.out_channels + row_;
    if constexpr (access_a == Access::vector) {
      const bool keep = result < shape_.results && row_ < shape_.out_channels;
      ptx::cp_async16(to, keep ? from : dy_, keep);
    } else {
      one_by_one(
          to, [&](int e) { return result < shape_.results && row_ + e < shape_.out_channels ? from[e] : Element{}; });
    }
  }

  __device__ __forceinline__ void load_x(Element* to, bool inside) const {
    if constexpr (access_b == Access::vector) {
      const bool keep = inside && meets(0);
      ptx::cp_async16(to, keep ? from_x(0) : x_, keep);
    } else {
      one_by_one(to, [&](int e) { return inside && meets(e) ? *from_x(e) : Element{}; });
    }
  }

  __device__ __forceinline__ bool meets(int e) const {
    const GatherAxis &v = shape_.vertical, &h = shape_.horizontal;
    return column_ + e < shape_.columns &&
           static_cast<unsigned>(at_.middle * v.step + down_[e]) < static_cast<unsigned>(v.extent) &&
           static_cast<unsigned>(at_.inner * h.step + across_[e]) < static_cast<unsigned>(h.extent);
  }
  __device__ __forceinline__ const Element* from_x(int e) const {
    const GatherAxis &v = shape_.vertical, &h = shape_.horizontal;
    const int within =
        ((at_.middle * v.step + down_[e]) * h.extent + at_.inner * h.step + across_[e]) * shape_.channels;
    return x_ + std::int64_t{at_.outer} * v.extent * h.extent * shape_.channels + within + channel_[e];
  }

  template <class F>
  __device__ __forceinline__ static void one_by_one(Element* to, F&& element) {
    Pack<Element, Tile::chunk> values;
    UNROLL for (int e = 0; e < Tile::chunk; ++e) values[e] = element(e);
    *reinterpret_cast<Pack<Element, Tile::chunk>*>(to) = values;
  }

  const WeightGradientShape& shape_;
  const Element *x_, *dy_;
  const int row_, column_;
  int result_;
  Digits at_;
  const Digits step_;
  int down_[Tile::chunk], across_[Tile::chunk], channel_[Tile::chunk];
};

template <class Tile, Access access_a, Access access_b>
__global__ void __launch_bounds__(Tile::threads, Tile::blocks)
    conv2d_weight_gradient_kernel(const __grid_constant__ WeightGradientShape shape,
                                  const WeightGradientOperands<typename Tile::Element> operands) {
  SHARED_DYNAMIC(typename Tile::Element, shared);
  const int across = (shape.columns + Tile::n - 1) / Tile::n;
  const int first_row = static_cast<int>(blockIdx.x) / across * Tile::m;
  const int first_column = static_cast<int>(blockIdx.x) % across * Tile::n;
  const int first = static_cast<int>(blockIdx.y) * shape.run;
  const int run = min(shape.run, shape.results - first);

  GemmProducts<Tile> products;
  WeightGradientLoader<Tile, access_a, access_b> loader(shape, operands, first, first_row, first_column);
  multiply<Tile>(products, loader, (run + Tile::depth - 1) / Tile::depth, shared);

  constexpr int pack = GemmProducts<Tile>::pack;
  float* to = operands.partial + static_cast<std::int64_t>(blockIdx.y) * shape.out_channels * shape.columns;
  products.for_each([&](int tile_row, int tile_column, const Pack<float, pack>& values) {
    const int row = first_row + tile_row, column = first_column + tile_column;
    if (row >= shape.out_channels || column >= shape.columns) return;
    float* place = to + std::int64_t{row} * shape.columns + column;
    if (operands.whole_packs)
      *reinterpret_cast<Pack<float, pack>*>(place) = values;
    else
      UNROLL for (int e = 0; e < pack; ++e) if (column + e < shape.columns) place[e] = values[e];
  });
}

template <class Tile, Access access_a, Access access_b>
void launch_weight_gradient(const Exec& exec, const WeightGradientShape& shape,
                            const WeightGradientOperands<typename Tile::Element>& operands) {
  const unsigned tiles = blocks_for(shape.out_channels, Tile::m) * blocks_for(shape.columns, Tile::n);
  launch(
      exec,
      {"conv2d_weight_gradient", dim3(tiles, blocks_for(shape.results, shape.run)), Tile::threads, Tile::shared_bytes},
      conv2d_weight_gradient_kernel<Tile, access_a, access_b>, shape, operands);
}

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// The kernel of conv2d_gather.h: a block sums a tile of results. Bound by the products (2 * M * N * taps * C
// operations) from some 64 channels on, by the bytes of source and results below. The moments of the results are taken
// from the registers that the results are written from, and add 8 bytes a tile and channel to what is written.
#pragma once

#include <sluice/kernels/cuda/conv2d_gather.h>
#include <sluice/kernels/cuda/tile_moments.h>

namespace sluice::kernels::cuda {

template <class Element>
struct GatherOperands {
  const Element* source;
  const Element* weight;
  const float* bias;  // or nullptr
  Element* y;
  bool whole_packs;  // channels of results in fours, and y aligned to four
  float* moments;    // of the results, by tiles of rows (kernels/batch_norm.h), or nullptr; for a single class
};

template <class Tile, Access access>
__global__ void __launch_bounds__(Tile::threads, Tile::blocks)
    conv2d_gather_kernel(const __grid_constant__ GatherShape shape,
                         const GatherOperands<typename Tile::Element> operands) {
  using Element = typename Tile::Element;
  SHARED_DYNAMIC(Element, shared);
  const GatherAxis vertical = shape.vertical[blockIdx.y], horizontal = shape.horizontal[blockIdx.z];
  // Tiles of the same rows are neighbours, so that they find the source in the cache.
  const int across = (shape.columns + Tile::n - 1) / Tile::n;
  const int first_row = static_cast<int>(blockIdx.x) / across * Tile::m;
  const int first_column = static_cast<int>(blockIdx.x) % across * Tile::n;
  const int rows = shape.batch * vertical.results * horizontal.results;
  if (first_row >= rows) return;

  GemmProducts<Tile> products;
  GatherLoader<Tile, access> loader(shape, vertical, horizontal, operands.source, operands.weight, first_row,
                                    first_column);
  const int depth = vertical.taps * horizontal.taps * shape.channels;
  multiply<Tile>(products, loader, (depth + Tile::depth - 1) / Tile::depth, shared);

  const auto result = [&](int column, float sum) {
    const bool biased = operands.bias != nullptr && column < shape.columns;
    return from_float<Element>(sum + (biased ? __ldg(operands.bias + column) : 0.0f));
  };
  constexpr int pack = GemmProducts<Tile>::pack;
  products.for_each([&](int tile_row, int tile_column, Pack<float, pack> values) {
    const int row = first_row + tile_row, column = first_column + tile_column;
    if (row >= rows || column >= shape.columns) return;
    const Digits at = Digits::of(row, vertical.results, horizontal.results);
    const std::int64_t line = std::int64_t{at.outer} * shape.height + vertical.place + at.middle * vertical.place_step;
    Element* to = operands.y +
                  (line * shape.width + horizontal.place + at.inner * horizontal.place_step) * shape.columns + column;
    Pack<Element, pack> results;
    UNROLL for (int e = 0; e < pack; ++e) results[e] = result(column + e, values[e]);
    if (operands.whole_packs)
      *reinterpret_cast<Pack<Element, pack>*>(to) = results;
    else
      UNROLL for (int e = 0; e < pack; ++e) if (column + e < shape.columns) to[e] = results[e];
  });

  if (operands.moments == nullptr) return;
  const std::int64_t run = static_cast<int>(blockIdx.x) / across, runs = (rows + Tile::m - 1) / Tile::m;
  tile_moments<Tile>(
      products, min(rows - first_row, Tile::m),
      [&](int tile_column, float sum) { return to_float(result(first_column + tile_column, sum)); },
      [&](int tile_column, float mean, float squares) {
        const int column = first_column + tile_column;
        if (column >= shape.columns) return;
        operands.moments[run * shape.columns + column] = mean;
        operands.moments[(runs + run) * shape.columns + column] = squares;
      });
}

template <class Tile, Access access>
void launch_gather(const Exec& exec, const GatherShape& shape, const GatherOperands<typename Tile::Element>& operands) {
  std::int64_t most_results = 0;
  for (int v = 0; v < shape.vertical_classes; ++v)
    for (int h = 0; h < shape.horizontal_classes; ++h)
      most_results = std::max(most_results, std::int64_t{shape.vertical[v].results} * shape.horizontal[h].results);
  const unsigned tiles = blocks_for(shape.batch * most_results, Tile::m) * blocks_for(shape.columns, Tile::n);
  launch(exec,
         {"conv2d_gather",
          dim3(tiles, static_cast<unsigned>(shape.vertical_classes), static_cast<unsigned>(shape.horizontal_classes)),
          Tile::threads, Tile::shared_bytes},
         conv2d_gather_kernel<Tile, access>, shape, operands);
}

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Copies between strided parts of tensors. A thread has a pack of y where x and y are contiguous along one axis, else
// one element; transpositions go through tiles in shared memory, so that both sides are moved in whole lines. Bound by
// bytes: every element is read once and written once.
#include <sluice/kernels/copy.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

using Axis = CopyPlan::Axis;

// Extents and strides as threads count them: in packs along the innermost axis.
template <class Index>
struct Walk {
  int rank;
  Index extents[CopyPlan::kMaxAxes];
  std::int64_t from[CopyPlan::kMaxAxes], to[CopyPlan::kMaxAxes];  // in elements
};

struct Offsets {
  std::int64_t from, to;
};

template <class Index>
__device__ __forceinline__ Offsets offsets_of(const Walk<Index>& walk, Index item) {
  Offsets offsets{0, 0};
  UNROLL for (int k = CopyPlan::kMaxAxes - 1; k >= 0; --k) {
    if (k >= walk.rank) continue;
    const Index rest = item / walk.extents[k];
    const auto at = static_cast<std::int64_t>(item - rest * walk.extents[k]);
    offsets.from += at * walk.from[k];
    offsets.to += at * walk.to[k];
    item = rest;
  }
  return offsets;
}

struct Take {
  template <class Word>
  static __device__ Word apply(Word, Word from) {
    return from;
  }
};
struct Add {
  template <class T>
  static __device__ T apply(T to, T from) {
    return from_float<T>(to_float(to) + to_float(from));
  }
};

template <class Combine, class Word, int width, class Index>
__global__ void __launch_bounds__(kPackThreads) copy_kernel(Index all, Walk<Index> walk, const Word* x, Word* y) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const Offsets at = offsets_of(walk, i);
  const auto from = load_pack<Word, width>(x, at.from);
  if constexpr (std::is_same_v<Combine, Take>) {
    store_pack(y, at.to, from);
  } else {
    auto to = load_pack<Word, width>(y, at.to);
    UNROLL for (int c = 0; c < width; ++c) to[c] = Combine::apply(to[c], from[c]);
    store_pack(y, at.to, to);
  }
}

inline constexpr int kTile = 32, kTileRows = 8;

// A block has a tile of kTile elements of `across` (contiguous in x) by kTile of `along` (contiguous in y). `walk`
// counts the other axes.
template <class Word>
__global__ void __launch_bounds__(kTile* kTileRows)
    copy_transposed_kernel(Walk<std::int64_t> walk, Axis across, Axis along, const Word* x, Word* y) {
  SHARED(tile, Word[kTile][kTile + 1]);
  const std::int64_t across_tiles = (across.extent + kTile - 1) / kTile;
  const std::int64_t along_tiles = (along.extent + kTile - 1) / kTile;
  const std::int64_t block = blockIdx.x;
  const Offsets at = offsets_of(walk, block / (across_tiles * along_tiles));
  const std::int64_t first_across = block / along_tiles % across_tiles * kTile;
  const std::int64_t first_along = block % along_tiles * kTile;
  const int lane = static_cast<int>(threadIdx.x) % kTile, row = static_cast<int>(threadIdx.x) / kTile;
  for (int j = row; j < kTile; j += kTileRows)
    if (first_across + lane < across.extent && first_along + j < along.extent)
      tile[j][lane] = x[at.from + (first_along + j) * along.from + first_across + lane];
  __syncthreads();
  for (int i = row; i < kTile; i += kTileRows)
    if (first_across + i < across.extent && first_along + lane < along.extent)
      y[at.to + (first_across + i) * across.to + first_along + lane] = tile[lane][i];
}

template <class Index>
Walk<Index> walk_of(const CopyPlan& plan, int width) {
  Walk<Index> walk{};
  walk.rank = plan.rank;
  for (int k = 0; k < plan.rank; ++k) {
    const Axis& axis = plan.axes[static_cast<std::size_t>(k)];
    const std::int64_t step = k == plan.rank - 1 ? width : 1;
    walk.extents[k] = static_cast<Index>(axis.extent / step);
    walk.from[k] = axis.from * step;
    walk.to[k] = axis.to * step;
  }
  return walk;
}

// Divides what all lines and strides have in common with a pack; 1 where the innermost axis is not contiguous.
std::int64_t common_elements(const CopyPlan& plan) {
  const Axis& inner = plan.axes[static_cast<std::size_t>(plan.rank - 1)];
  if (inner.from != 1 || inner.to != 1) return 1;
  std::int64_t common = inner.extent;
  for (int k = 0; k < plan.rank - 1; ++k)
    common |= plan.axes[static_cast<std::size_t>(k)].from | plan.axes[static_cast<std::size_t>(k)].to;
  return common;
}

template <class Combine, class Word>
void launch_copy(const Exec& exec, const char* name, const CopyPlan& plan, const Word* x, Word* y) {
  with_packs<Word>(
      common_elements(plan), plan.size(),
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = plan.size() / width;
        launch(exec, {name, blocks_for(all, kPackThreads), kPackThreads}, copy_kernel<Combine, Word, width, Index>, all,
               walk_of<Index>(plan, width), x, y);
      },
      x, y);
}

template <class Word>
void launch_transposed(const Exec& exec, CopyPlan plan, int transposed_axis, const Word* x, Word* y) {
  const Axis along = plan.axes[static_cast<std::size_t>(plan.rank - 1)];
  const Axis across = plan.axes[static_cast<std::size_t>(transposed_axis)];
  std::copy(plan.axes.begin() + transposed_axis + 1, plan.axes.begin() + plan.rank - 1,
            plan.axes.begin() + transposed_axis);
  plan.rank -= 2;
  const std::int64_t tiles = plan.size() * ((across.extent + kTile - 1) / kTile) * ((along.extent + kTile - 1) / kTile);
  launch(exec, {"copy_transposed", blocks_for(tiles, 1), kTile * kTileRows}, copy_transposed_kernel<Word>,
         walk_of<std::int64_t>(plan, 1), across, along, x, y);
}

template <class Word>
void copy_words(const Exec& exec, const CopyPlan& plan, const void* from, void* to) {
  const auto* x = static_cast<const Word*>(from);
  auto* y = static_cast<Word*>(to);
  const int transposed_axis = plan.transposed_axis();
  if (transposed_axis >= 0)
    launch_transposed(exec, plan, transposed_axis, x, y);
  else
    launch_copy<Take>(exec, "copy", plan, x, y);
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
void Copy<Cuda>::strided(const Exec& exec, const CopyPlan& plan, std::size_t element_bytes, const void* x, void* y) {
  if (plan.size() == 0) return;
  const CopyPlan merged = plan.merged();
  switch (element_bytes) {
    case 1: return copy_words<std::uint8_t>(exec, merged, x, y);
    case 2: return copy_words<std::uint16_t>(exec, merged, x, y);
    case 4: return copy_words<std::uint32_t>(exec, merged, x, y);
    default: return copy_words<std::uint64_t>(exec, merged, x, y);
  }
}

template <>
template <class T>
void Copy<Cuda>::add_strided(const Exec& exec, const CopyPlan& plan, const T* x, T* y) {
  if (plan.size() != 0) launch_copy<Add>(exec, "copy_add", plan.merged(), x, y);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&Copy<Cuda>::add_strided<T>); });

}  // namespace sluice::kernels

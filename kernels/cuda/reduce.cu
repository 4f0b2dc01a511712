// SPDX-License-Identifier: Apache-2.0
// Reductions over the middle axis. A warp takes a chunk of a row where elements lie side by side, a thread a chunk of a
// column otherwise, and for short rows. Bound by bytes.
#include <sluice/kernels/reduce.h>

#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

constexpr std::int64_t kMostBlocks = 132 * 16;
// Rows shorter than this are a thread's work.
constexpr std::int64_t kShortRow = 16;

template <class Out, bool last, class Op, class R>
__device__ __forceinline__ void store_total(const Op& op, R total, Out* to) {
  const R value = last ? op.finish(total) : total;
  if constexpr (std::is_same_v<Out, BFloat16>)
    *to = from_float<BFloat16>(value);
  else
    *to = static_cast<Out>(value);
}

// y [outer, chunks], of x [outer, reduced]; `packed` where every chunk begins at a multiple of 16 bytes.
template <bool last, class Op, class In, class Out>
__global__ void __launch_bounds__(kPackThreads)
    reduce_rows_kernel(Op op, std::int64_t outer, std::int64_t reduced, std::int64_t chunk, std::int64_t chunks,
                       bool packed, const In* x, Out* y) {
  using R = Compute<In>;
  constexpr int width = static_cast<int>(16 / sizeof(In));
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t warps = std::int64_t{gridDim.x} * (kPackThreads / 32);
  // Neighboring warps have neighboring chunks; the unit is the same for all lanes of a warp.
  for (std::int64_t unit = std::int64_t{blockIdx.x} * (kPackThreads / 32) + threadIdx.x / 32; unit < outer * chunks;
       unit += warps) {
    const std::int64_t row = chunks == 1 ? unit : unit / chunks, first = (unit - row * chunks) * chunk;
    const std::int64_t count = min(chunk, reduced - first);
    const In* from = x + row * reduced + first;
    R totals[width];
    UNROLL for (int j = 0; j < width; ++j) totals[j] = op.template start<R>();
    const std::int64_t packs = packed ? count / width : 0;
    for (std::int64_t pack = lane; pack < packs; pack += 32) {
      const Pack<In, width> values = load_pack<In, width>(from, pack * width);
      UNROLL for (int j = 0; j < width; ++j) totals[j] = op.both(totals[j], static_cast<R>(values[j]));
    }
    R total = totals[0];
    UNROLL for (int j = 1; j < width; ++j) total = op.both(total, totals[j]);
    for (std::int64_t i = packs * width + lane; i < count; i += 32) total = op.both(total, static_cast<R>(from[i]));
    UNROLL for (int apart = 16; apart > 0; apart /= 2) total = op.both(total, __shfl_xor_sync(~0u, total, apart));
    if (lane == 0) store_total<Out, last>(op, total, y + unit);
  }
}

// y [outer, chunks, inner]
template <bool last, class Op, class In, class Out>
__global__ void __launch_bounds__(kPackThreads)
    reduce_columns_kernel(Op op, ReduceGeometry g, std::int64_t chunk, std::int64_t chunks, const In* x, Out* y) {
  using R = Compute<In>;
  const std::int64_t units = g.outer * chunks * g.inner;
  for (std::int64_t unit = std::int64_t{blockIdx.x} * kPackThreads + threadIdx.x; unit < units;
       unit += std::int64_t{gridDim.x} * kPackThreads) {
    const std::int64_t above = unit / g.inner, column = unit - above * g.inner;
    const std::int64_t outer = above / chunks, first = (above - outer * chunks) * chunk;
    const std::int64_t count = min(chunk, g.reduced - first);
    const In* from = x + (outer * g.reduced + first) * g.inner + column;
    R total = op.template start<R>();
    for (std::int64_t row = 0; row < count; ++row) total = op.both(total, static_cast<R>(from[row * g.inner]));
    store_total<Out, last>(op, total, y + unit);
  }
}

template <bool last, class Op, class In, class Out>
void launch_stage(const Exec& exec, const Op& op, const ReduceGeometry& g, const In* x, Out* y) {
  const std::int64_t chunks = g.chunks(), units = g.outer * chunks * g.inner;
  if (g.inner > 1 || g.reduced < kShortRow)
    return launch(exec, {Op::name, blocks_for(units, kPackThreads, 1, kMostBlocks), kPackThreads},
                  reduce_columns_kernel<last, Op, In, Out>, op, g, g.chunk(), chunks, x, y);
  const bool packed = all_aligned(16, x) && g.reduced % static_cast<std::int64_t>(16 / sizeof(In)) == 0;
  launch(exec, {Op::name, blocks_for(units * 32, kPackThreads, 1, kMostBlocks), kPackThreads},
         reduce_rows_kernel<last, Op, In, Out>, op, g.outer, g.reduced, g.chunk(), chunks, packed, x, y);
}

template <class Op, class In, class Out>
void reduce(const Exec& exec, const Op& op, const ReduceGeometry& g, const In* x, Out* y, Compute<In>* scratch) {
  if (g.outer * g.inner == 0) return;
  if (g.chunks() == 1) return launch_stage<true>(exec, op, g, x, y);
  launch_stage<false>(exec, op, g, x, scratch);
  const ReduceGeometry rest = g.of_chunks();
  reduce<Op, Compute<In>, Out>(exec, op, rest, scratch, y, scratch + rest.outer * rest.reduced * rest.inner);
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

template <>
template <class Op, class In, class Out>
void Reduce<Cuda>::run(const Exec& exec, const Op& op, const ReduceGeometry& geometry, const In* x, Out* y,
                       void* scratch) {
  cuda::reduce(exec, op, geometry, x, y, static_cast<Compute<In>*>(scratch));
}

[[gnu::used]] constexpr auto kInstances = instantiate_reductions<Cuda>(CudaNumberTypes{});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// The flooded mean cross entropy and its gradient over logits [N,C]. Up to 64 Ki logits one block does all in one
// launch: row losses, their mean in a fixed order, the sign against the level, the signed gradient; the logits come
// from memory once and then from the caches. More logits take a second launch, each block of which adds up the partial
// sums of the first before it writes gradients. Floor: logits read and gradients written over the memory's bandwidth
// (2048 x 10: 0.16 MB), which is less than a launch takes.
#include "kernels/flooded_cross_entropy.h"

#include "kernels/cuda/cross_entropy_rows.h"
#include "kernels/flood_transform.h"

namespace sluice::kernels::cuda {
namespace {

template <class T>
struct Problem {
  CrossEntropyTarget target;
  std::int64_t rows;
  const T* logits;
  const double* level;
  float *mean, *value, *log_sum_exp;
  T* dlogits;
};

template <class T, int lanes, int kept>
__device__ __forceinline__ void write_gradients(const Problem<T>& p, const WeightedSum& total) {
  const auto mean = static_cast<float>(total.sum / total.weights);
  const Flooded<float> flooded = flood_hard(mean, static_cast<float>(*p.level));
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    *p.mean = mean;
    *p.value = flooded.value;
  }
  const float factor = flooded.slope / static_cast<float>(total.weights);
  for_rows<lanes>(p.rows, [&](std::int64_t i, bool live) {
    const std::int64_t at = i * p.target.classes;
    const Row<T, lanes, kept> row(p.logits + at, live ? p.target.classes : 0);
    write_row_gradient(p.target, row, live, p.target.labels[i], p.log_sum_exp[i], factor, p.dlogits + at);
  });
}

template <class T, int lanes, int kept>
__global__ void __launch_bounds__(1024) flooded_cross_entropy_kernel(Problem<T> p, WeightedSum* partials) {
  WeightedSum own;
  for_rows<lanes>(p.rows, [&](std::int64_t i, bool live) {
    const T* from = p.logits + i * p.target.classes;
    const Row<T, lanes, kept> row(from, live ? p.target.classes : 0);
    const RowLoss result = row_loss(p.target, row, p.target.labels[i], from);
    if (!live || row.lane() != 0) return;
    p.log_sum_exp[i] = result.log_sum_exp;
    own.sum += static_cast<double>(result.loss);
    own.weights += static_cast<double>(result.weight);
  });
  const WeightedSum total = block_sum(own);
  if (gridDim.x == 1)
    write_gradients<T, lanes, kept>(p, total);
  else if (threadIdx.x == 0)
    partials[blockIdx.x] = total;
}

template <class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    flooded_cross_entropy_gradient_kernel(Problem<T> p, unsigned count, const WeightedSum* partials) {
  write_gradients<T, lanes, kept>(p, sum_of_partials(partials, count));
}

}  // namespace

template <class T>
std::size_t flooded_cross_entropy_scratch_bytes(const Exec&, const CrossEntropyGeometry& g) {
  return row_means_scratch_bytes(g.rows, g.classes) + static_cast<std::size_t>(g.rows) * sizeof(float);
}

template <class T>
void flooded_cross_entropy(const Exec& exec, const CrossEntropyGeometry& g, const T* logits, const std::int32_t* labels,
                           const Master<T>* class_weights, const double* level, Master<T>* mean, Master<T>* value,
                           T* dlogits, void* scratch) {
  auto* partials = static_cast<WeightedSum*>(scratch);
  auto* log_sum_exp =
      reinterpret_cast<float*>(static_cast<std::byte*>(scratch) + row_means_scratch_bytes(g.rows, g.classes));
  const Problem<T> problem{
      CrossEntropyTarget(g, labels, class_weights), g.rows, logits, level, mean, value, log_sum_exp, dlogits};
  with_row_shape(g.classes, [&]<int lanes, int kept>() {
    const RowGrid grid(g.rows, g.classes, lanes, 1024);
    launch(exec, {"flooded_cross_entropy", grid.blocks, grid.threads}, flooded_cross_entropy_kernel<T, lanes, kept>,
           problem, partials);
    if (grid.blocks > 1)
      launch(exec, {"flooded_cross_entropy_gradient", row_blocks(g.rows, lanes), kRowThreads},
             flooded_cross_entropy_gradient_kernel<T, lanes, kept>, problem, grid.blocks, partials);
  });
}

#define SLUICE_INSTANTIATE(T)                                                                                  \
  template std::size_t flooded_cross_entropy_scratch_bytes<T>(const Exec&, const CrossEntropyGeometry&);       \
  template void flooded_cross_entropy(const Exec&, const CrossEntropyGeometry&, const T*, const std::int32_t*, \
                                      const Master<T>*, const double*, Master<T>*, Master<T>*, T*, void*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda

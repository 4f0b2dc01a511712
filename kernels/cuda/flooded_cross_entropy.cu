// SPDX-License-Identifier: Apache-2.0
// Flooded cross entropy and its gradient over logits [N,C]. Up to 64 Ki logits one block does all in one launch: row
// losses, their mean in a fixed order (or their groups'), the sign against the level, the signed gradient; the logits
// come from memory once and then from the caches. More logits take further launches: for the mean a second one, each
// block of which adds up the partial sums of the first before it writes gradients; for rows those of the operations one
// by one. Floor: logits read and gradients written over the memory's bandwidth (2048 x 10: 0.16 MB), which is less than
// a launch takes.
#include <sluice/kernels/flooded_cross_entropy.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/cross_entropy_rows.h>
#include <sluice/kernels/cuda/flood_groups.h>

namespace sluice::kernels::cuda {
namespace {

template <class T>
struct Problem {
  CrossEntropyTarget target;
  std::int64_t rows;
  const T* logits;
  float* log_sum_exp;
  T* dlogits;
};

struct FloodedMean {
  const double* level;
  float *mean, *value;
};

// each(i, loss), asked of one lane of each row; log_sum_exp is written.
template <class T, int lanes, int kept, class Each>
__device__ __forceinline__ void for_row_losses(const Problem<T>& p, const Each& each) {
  for_rows<lanes>(p.rows, [&](std::int64_t i, bool live) {
    const T* from = p.logits + i * p.target.classes;
    const Row<T, lanes, kept> row(from, live ? p.target.classes : 0);
    const RowLoss result = row_loss(p.target, row, p.target.labels[i], from);
    if (!live || row.lane() != 0) return;
    p.log_sum_exp[i] = result.log_sum_exp;
    each(i, result);
  });
}

// factor(i) is what reaches the loss of row i.
template <class T, int lanes, int kept, class Factor>
__device__ __forceinline__ void write_gradients(const Problem<T>& p, const Factor& factor) {
  for_rows<lanes>(p.rows, [&](std::int64_t i, bool live) {
    const std::int64_t at = i * p.target.classes;
    const Row<T, lanes, kept> row(p.logits + at, live ? p.target.classes : 0);
    write_row_gradient(p.target, row, live, p.target.labels[i], p.log_sum_exp[i], factor(i), p.dlogits + at);
  });
}

template <class T, int lanes, int kept>
__device__ __forceinline__ void write_gradients_of_mean(const Problem<T>& p, const FloodedMean& flood,
                                                        const WeightedSum& total) {
  const auto mean = static_cast<float>(total.sum / total.weights);
  const Flooded<float> flooded = flood_hard(mean, static_cast<float>(*flood.level));
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    *flood.mean = mean;
    *flood.value = flooded.value;
  }
  const float factor = flooded.slope / static_cast<float>(total.weights);
  write_gradients<T, lanes, kept>(p, [=](std::int64_t) { return factor; });
}

template <class T, int lanes, int kept>
__global__ void __launch_bounds__(1024)
    flooded_cross_entropy_kernel(Problem<T> p, FloodedMean flood, WeightedSum* partials) {
  WeightedSum own;
  for_row_losses<T, lanes, kept>(p, [&](std::int64_t, const RowLoss& row) {
    own.sum += static_cast<double>(row.loss);
    own.weights += static_cast<double>(row.weight);
  });
  const WeightedSum total = block_sum(own);
  if (gridDim.x == 1)
    write_gradients_of_mean<T, lanes, kept>(p, flood, total);
  else if (threadIdx.x == 0)
    partials[blockIdx.x] = total;
}

template <class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    flooded_cross_entropy_gradient_kernel(Problem<T> p, FloodedMean flood, unsigned count,
                                          const WeightedSum* partials) {
  write_gradients_of_mean<T, lanes, kept>(p, flood, sum_of_partials(partials, count));
}

template <class T, int lanes, int kept>
__global__ void __launch_bounds__(1024)
    flooded_cross_entropy_rows_kernel(Problem<T> p, FloodGroups groups, float* losses) {
  for_row_losses<T, lanes, kept>(p, [=](std::int64_t i, const RowLoss& row) { losses[i] = row.loss; });
  __syncthreads();
  flood_groups(groups, losses);
  write_gradients<T, lanes, kept>(p, [=](std::int64_t i) { return groups.slope[i]; });
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t FloodedCrossEntropy<Cuda>::scratch_bytes(const Exec&, const CrossEntropyGeometry& g) {
  return row_means_scratch_bytes(g.rows, g.classes) + static_cast<std::size_t>(g.rows) * sizeof(float);
}

template <>
template <class T>
void FloodedCrossEntropy<Cuda>::forward(const Exec& exec, const CrossEntropyGeometry& g, const T* logits,
                                        const std::int32_t* labels, const Master<T>* class_weights, const double* level,
                                        Master<T>* mean, Master<T>* value, T* dlogits, void* scratch) {
  auto* partials = static_cast<WeightedSum*>(scratch);
  auto* log_sum_exp =
      reinterpret_cast<float*>(static_cast<std::byte*>(scratch) + row_means_scratch_bytes(g.rows, g.classes));
  const Problem<T> problem{CrossEntropyTarget(g, labels, class_weights), g.rows, logits, log_sum_exp, dlogits};
  const FloodedMean flood{level, mean, value};
  with_row_shape(g.classes, [&]<int lanes, int kept>() {
    const RowGrid grid(g.rows, g.classes, lanes, 1024);
    launch(exec, {"flooded_cross_entropy", grid.blocks, grid.threads}, flooded_cross_entropy_kernel<T, lanes, kept>,
           problem, flood, partials);
    if (grid.blocks > 1)
      launch(exec, {"flooded_cross_entropy_gradient", row_blocks(g.rows, lanes), kRowThreads},
             flooded_cross_entropy_gradient_kernel<T, lanes, kept>, problem, flood, grid.blocks, partials);
  });
}

template <>
template <class T>
std::size_t FloodedCrossEntropy<Cuda>::rows_scratch_bytes(const Exec&, const CrossEntropyGeometry& g) {
  return 3 * static_cast<std::size_t>(g.rows) * sizeof(float);
}

template <>
template <class T>
void FloodedCrossEntropy<Cuda>::rows_forward(const Exec& exec, const CrossEntropyGeometry& g, const FloodRule& rule,
                                             const T* logits, const std::int32_t* labels,
                                             const Master<T>* class_weights, const FloodLevels<Master<T>>& levels,
                                             Master<T>* value, Master<T>* mean, Master<T>* flooded, T* dlogits,
                                             void* scratch) {
  auto* losses = static_cast<float*>(scratch);
  float *log_sum_exp = losses + g.rows, *slope = log_sum_exp + g.rows;
  if (g.rows * g.classes > kOneBlock) {
    CrossEntropy<Cuda>::rows_forward(exec, g, logits, labels, class_weights, losses, log_sum_exp);
    Flood<Cuda>::rows_forward(exec, g.rows, rule, losses, levels, value, mean, flooded, slope);
    CrossEntropy<Cuda>::rows_backward(exec, g, logits, labels, class_weights, log_sum_exp, slope, dlogits);
    return;
  }
  const Problem<T> problem{CrossEntropyTarget(g, labels, class_weights), g.rows, logits, log_sum_exp, dlogits};
  const FloodGroups groups{g.rows, rule, levels, value, mean, flooded, slope};
  with_row_shape(g.classes, [&]<int lanes, int kept>() {
    const RowGrid grid(g.rows, g.classes, lanes, 1024);
    launch(exec, {"flooded_cross_entropy_rows", grid.blocks, grid.threads},
           flooded_cross_entropy_rows_kernel<T, lanes, kept>, problem, groups, losses);
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&FloodedCrossEntropy<Cuda>::scratch_bytes<T>, &FloodedCrossEntropy<Cuda>::forward<T>,
                    &FloodedCrossEntropy<Cuda>::rows_scratch_bytes<T>, &FloodedCrossEntropy<Cuda>::rows_forward<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// The statistics of batch normalisation of x [rows, channels]: of a batch, or of the moments that a convolution left,
// or as running statistics give them. Bound by bytes, and the floor is the bytes over the memory's bandwidth: x is read
// once, moments are a sixteenth of that or less. Sums are taken by runs of rows, then over the runs in order; the
// second stage moves little and costs a launch.
#include <sluice/base/instantiate.h>
#include <sluice/kernels/batch_norm.h>
#include <sluice/kernels/cuda/columns.h>

namespace sluice::kernels::cuda {
namespace {

// Sums of x - shift and its square, the shift being the first row of the run: large means cost no digits.
template <class T>
struct SumDeviations {
  const T* x;
  ColumnTiling tiling;

  template <int width>
  __device__ __forceinline__ Pack<T, width> begin(std::int64_t column) const {
    return load_pack<T, width>(x, blockIdx.y * tiling.run * tiling.columns + column);
  }
  template <int width>
  __device__ __forceinline__ Pack<T, width> load(std::int64_t index, std::int64_t) const {
    return load_pack<T, width>(x, index);
  }
  template <int width>
  __device__ __forceinline__ void add(const Pack<T, width>& first, const Pack<T, width>& values, std::int64_t,
                                      ColumnSums<width>& sums) const {
    UNROLL for (int i = 0; i < width; ++i) {
      const float deviation = to_float(values[i]) - to_float(first[i]);
      sums.first[i] += deviation;
      sums.second[i] += deviation * deviation;
    }
  }
};

// What a run's sums are taken around: its first row, as SumDeviations does, or its mean, as moments are, around which
// deviations sum to zero.
template <class T>
struct AroundFirstRow {
  const T* x;
  std::int64_t step;  // elements of a run

  __device__ double shift(std::int64_t run, std::int64_t, std::int64_t column) const {
    return static_cast<double>(to_float(x[run * step + column]));
  }
  __device__ double sum(float first) const { return first; }
};
struct AroundMean {
  const float* means;

  __device__ double shift(std::int64_t run, std::int64_t columns, std::int64_t column) const {
    return static_cast<double>(means[run * columns + column]);
  }
  __device__ double sum(float) const { return 0; }
};

// What both ways to the statistics write.
struct Statistics {
  double epsilon, momentum;
  float *running_mean, *running_variance, *mean, *inverse_deviation;
};

// Totals are sums of the deviations, and of their squares, from what the first run's are taken around.
template <class Around>
struct FinishStatistics {
  Around around;
  std::int64_t rows, columns, run;
  Statistics to;

  __device__ double shift_of(std::int64_t i, std::int64_t column) const { return around.shift(i, columns, column); }
  __device__ ColumnTotals part(std::int64_t i, std::int64_t column, float first, float square) const {
    const double count = static_cast<double>(min(run, rows - i * run)), sum = around.sum(first);
    const double apart = shift_of(i, column) - shift_of(0, column);
    return {sum + count * apart, square + (2 * sum + count * apart) * apart};
  }
  __device__ void operator()(std::int64_t column, const ColumnTotals& total) const {
    const double count = static_cast<double>(rows);
    const double offset = total.first / count;
    const double centre = shift_of(0, column) + offset;
    const double spread = max(total.second - total.first * offset, 0.0);
    to.mean[column] = static_cast<float>(centre);
    to.inverse_deviation[column] = static_cast<float>(1 / sqrt(spread / count + to.epsilon));
    if (to.running_mean == nullptr) return;
    const double kept = 1 - to.momentum;
    to.running_mean[column] = static_cast<float>(kept * to.running_mean[column] + to.momentum * centre);
    to.running_variance[column] =
        static_cast<float>(kept * to.running_variance[column] + to.momentum * spread / (count - 1));
  }
};

__global__ void __launch_bounds__(128)
    batch_norm_running_kernel(std::int64_t channels, double epsilon, const float* running_mean,
                              const float* running_variance, float* mean, float* inverse_deviation) {
  const std::int64_t c = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  mean[c] = running_mean[c];
  inverse_deviation[c] = static_cast<float>(1 / sqrt(static_cast<double>(running_variance[c]) + epsilon));
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void BatchNorm<Cuda>::statistics(const Exec& exec, const BatchNormGeometry& g, const T* x, double epsilon,
                                 double momentum, Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                                 Master<T>* inverse_deviation, void* scratch) {
  float* sums = static_cast<float*>(scratch);
  const Statistics to{epsilon, momentum, running_mean, running_variance, mean, inverse_deviation};
  with_column_width<T>(
      g.channels,
      [&]<int width>(std::integral_constant<int, width>) {
        const ColumnTiling tiling(g.rows, g.channels, width, kMostColumnBlocks);
        launch(exec, {"batch_norm_statistics", tiling.grid(), kColumnThreads},
               sum_columns_kernel<width, SumDeviations<T>>, tiling, SumDeviations<T>{x, tiling}, sums);
        const AroundFirstRow<T> around{x, tiling.run * g.channels};
        finish_columns(exec, "batch_norm_statistics_finish", g.channels, tiling.runs, sums,
                       FinishStatistics<AroundFirstRow<T>>{around, g.rows, g.channels, tiling.run, to});
      },
      x);
}

template <>
template <class T>
void BatchNorm<Cuda>::statistics_of_moments(const Exec& exec, const BatchNormGeometry& g,
                                            const BatchNormMoments<Master<T>>& moments, double epsilon, double momentum,
                                            Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                                            Master<T>* inverse_deviation) {
  const Statistics to{epsilon, momentum, running_mean, running_variance, mean, inverse_deviation};
  finish_columns(exec, "batch_norm_statistics_of_moments", g.channels, (g.rows + moments.run - 1) / moments.run,
                 moments.values, FinishStatistics<AroundMean>{{moments.values}, g.rows, g.channels, moments.run, to});
}

template <>
template <class T>
void BatchNorm<Cuda>::running_statistics(const Exec& exec, std::int64_t channels, double epsilon,
                                         const Master<T>* running_mean, const Master<T>* running_variance,
                                         Master<T>* mean, Master<T>* inverse_deviation) {
  launch(exec, {"batch_norm_running", blocks_for(channels, 128), 128}, batch_norm_running_kernel, channels, epsilon,
         running_mean, running_variance, mean, inverse_deviation);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&BatchNorm<Cuda>::statistics<T>, &BatchNorm<Cuda>::statistics_of_moments<T>,
                    &BatchNorm<Cuda>::running_statistics<T>);
});

}  // namespace sluice::kernels

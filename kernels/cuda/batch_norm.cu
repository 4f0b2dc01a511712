// SPDX-License-Identifier: Apache-2.0
// Batch normalisation of x [rows, channels]. Every pass is bound by bytes, and its floor is the bytes over the memory's
// bandwidth: statistics read x, or the moments that a convolution left, a sixteenth of that or less; apply reads x (and
// the residual) and writes y; reduce reads x and dy (and y, and writes dz); backward_input reads x and dy and writes
// dx. Sums are taken by runs of rows, then over the runs in order; the second stage moves little and costs a launch.
#include "kernels/batch_norm.h"

#include "kernels/cuda/columns.h"

namespace sluice::kernels::cuda {
namespace {

// Eight blocks of 256 threads a multiprocessor of an H100, whatever the device: the sums' order depends on it.
constexpr std::int64_t kMostBlocks = 132 * 8;

using Channels = BatchNormChannels<float>;

template <int width>
struct Floats {
  float values[width];
  __device__ __forceinline__ float operator[](int i) const { return values[i]; }
};

template <int width>
__device__ __forceinline__ Floats<width> read(const float* from, std::int64_t column) {
  Floats<width> result;
  UNROLL for (int i = 0; i < width; ++i) result.values[i] = __ldg(from + column + i);
  return result;
}

// A channel's line z = (x - mean) scale + bias.
template <int width>
struct Line {
  Floats<width> mean, scale, bias;

  static __device__ __forceinline__ Line of(const Channels& channels, std::int64_t column) {
    Line line{read<width>(channels.mean, column), read<width>(channels.weight, column),
              read<width>(channels.bias, column)};
    const Floats<width> inverse = read<width>(channels.inverse_deviation, column);
    UNROLL for (int i = 0; i < width; ++i) line.scale.values[i] *= inverse[i];
    return line;
  }
  __device__ __forceinline__ float at(int i, float deviation) const { return deviation * scale[i] + bias[i]; }
};

// Sums of x - shift and its square, the shift being the first row of the run: large means cost no digits.
template <class T>
struct SumDeviations {
  const T* x;
  ColumnTiling tiling;

  template <int width>
  __device__ __forceinline__ Floats<width> begin(std::int64_t column) const {
    const Pack<T, width> first = load_pack<T, width>(x, blockIdx.y * tiling.run * tiling.columns + column);
    Floats<width> shift;
    UNROLL for (int i = 0; i < width; ++i) shift.values[i] = to_float(first[i]);
    return shift;
  }
  template <int width>
  __device__ __forceinline__ Pack<T, width> load(std::int64_t index, std::int64_t) const {
    return load_pack<T, width>(x, index);
  }
  template <int width>
  __device__ __forceinline__ void add(const Floats<width>& shift, const Pack<T, width>& values, std::int64_t,
                                      ColumnSums<width>& sums) const {
    UNROLL for (int i = 0; i < width; ++i) {
      const float deviation = to_float(values[i]) - shift[i];
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

// Totals are sums of the deviations, and of their squares, from what the first run's are taken around.
template <class Around>
struct FinishStatistics {
  Around around;
  std::int64_t rows, columns, run;
  double epsilon, momentum;
  float *running_mean, *running_variance, *mean, *inverse_deviation;

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
    mean[column] = static_cast<float>(centre);
    inverse_deviation[column] = static_cast<float>(1 / sqrt(spread / count + epsilon));
    if (running_mean == nullptr) return;
    running_mean[column] = static_cast<float>((1 - momentum) * running_mean[column] + momentum * centre);
    running_variance[column] =
        static_cast<float>((1 - momentum) * running_variance[column] + momentum * spread / (count - 1));
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

template <class T, BatchNormTail tail>
struct Apply {
  Channels channels;
  const T *x, *residual;
  T* y;

  template <int width>
  struct Loaded {
    Pack<T, width> x, residual;
  };
  template <int width>
  __device__ __forceinline__ Line<width> begin(std::int64_t column) const {
    return Line<width>::of(channels, column);
  }
  template <int width>
  __device__ __forceinline__ Loaded<width> load(std::int64_t index, std::int64_t) const {
    Loaded<width> loaded;
    loaded.x = load_pack<T, width>(x, index);
    if constexpr (tail == BatchNormTail::add_relu) loaded.residual = load_pack<T, width>(residual, index);
    return loaded;
  }
  template <int width>
  __device__ __forceinline__ void store(const Line<width>& line, const Loaded<width>& loaded,
                                        std::int64_t index) const {
    Pack<T, width> result;
    UNROLL for (int i = 0; i < width; ++i) {
      float z = line.at(i, to_float(loaded.x[i]) - line.mean[i]);
      if constexpr (tail == BatchNormTail::add_relu) z += to_float(loaded.residual[i]);
      // Not the maximum: a NaN must travel.
      if constexpr (tail != BatchNormTail::none) z = z < 0 ? 0.0f : z;
      result[i] = from_float<T>(z);
    }
    store_pack(y, index, result);
  }
};

// Sums of dz and dz (x - mean).
template <class T, BatchNormTail tail>
struct SumGradients {
  Channels channels;
  const T *x, *y, *dy;
  T* dz;

  template <int width>
  struct Loaded {
    Pack<T, width> x, y, dy;
  };
  template <int width>
  __device__ __forceinline__ Line<width> begin(std::int64_t column) const {
    return Line<width>::of(channels, column);
  }
  template <int width>
  __device__ __forceinline__ Loaded<width> load(std::int64_t index, std::int64_t) const {
    Loaded<width> loaded;
    loaded.x = load_pack<T, width>(x, index);
    loaded.dy = load_pack<T, width>(dy, index);
    if constexpr (tail == BatchNormTail::add_relu) loaded.y = load_pack<T, width>(y, index);
    return loaded;
  }
  template <int width>
  __device__ __forceinline__ void add(const Line<width>& line, const Loaded<width>& loaded, std::int64_t index,
                                      ColumnSums<width>& sums) const {
    [[maybe_unused]] Pack<T, width> masked;
    UNROLL for (int i = 0; i < width; ++i) {
      const float deviation = to_float(loaded.x[i]) - line.mean[i];
      float d = to_float(loaded.dy[i]);
      if constexpr (tail == BatchNormTail::relu) d = line.at(i, deviation) > 0 ? d : 0.0f;
      if constexpr (tail == BatchNormTail::add_relu) {
        d = to_float(loaded.y[i]) > 0 ? d : 0.0f;
        masked[i] = from_float<T>(d);
      }
      sums.first[i] += d;
      sums.second[i] += d * deviation;
    }
    if constexpr (tail == BatchNormTail::add_relu) store_pack(dz, index, masked);
  }
};

struct FinishGradients {
  const float* inverse_deviation;
  float *dweight, *dbias;

  __device__ ColumnTotals part(std::int64_t, std::int64_t, float sum, float product) const { return {sum, product}; }
  __device__ void operator()(std::int64_t column, const ColumnTotals& total) const {
    dbias[column] = static_cast<float>(total.first);
    dweight[column] = static_cast<float>(total.second * static_cast<double>(inverse_deviation[column]));
  }
};

// dx = scale dz + slope (x - mean) + offset.
template <class T, BatchNormTail tail>
struct BackwardInput {
  Channels channels;
  const float *dweight, *dbias;
  float share;  // 1 / rows; 0 where the statistics were given
  const T *x, *dy;
  T* dx;

  template <int width>
  struct State {
    Line<width> line;
    Floats<width> slope, offset;
  };
  template <int width>
  struct Loaded {
    Pack<T, width> x, dy;
  };
  template <int width>
  __device__ __forceinline__ State<width> begin(std::int64_t column) const {
    State<width> state{Line<width>::of(channels, column), read<width>(dweight, column), read<width>(dbias, column)};
    const Floats<width> inverse = read<width>(channels.inverse_deviation, column);
    UNROLL for (int i = 0; i < width; ++i) {
      const float factor = -share * state.line.scale[i];
      state.slope.values[i] *= factor * inverse[i];
      state.offset.values[i] *= factor;
    }
    return state;
  }
  template <int width>
  __device__ __forceinline__ Loaded<width> load(std::int64_t index, std::int64_t) const {
    return {load_pack<T, width>(x, index), load_pack<T, width>(dy, index)};
  }
  template <int width>
  __device__ __forceinline__ void store(const State<width>& state, const Loaded<width>& loaded,
                                        std::int64_t index) const {
    const Line<width>& line = state.line;
    Pack<T, width> result;
    UNROLL for (int i = 0; i < width; ++i) {
      const float deviation = to_float(loaded.x[i]) - line.mean[i];
      float d = to_float(loaded.dy[i]);
      if constexpr (tail == BatchNormTail::relu) d = line.at(i, deviation) > 0 ? d : 0.0f;
      result[i] = from_float<T>(line.scale[i] * d + (state.slope[i] * deviation + state.offset[i]));
    }
    store_pack(dx, index, result);
  }
};

template <class Run>
void with_tail(BatchNormTail tail, const Run& run) {
  using enum BatchNormTail;
  switch (tail) {
    case none: return run(std::integral_constant<BatchNormTail, none>{});
    case relu: return run(std::integral_constant<BatchNormTail, relu>{});
    case add_relu: return run(std::integral_constant<BatchNormTail, add_relu>{});
  }
}

}  // namespace

template <class T>
std::size_t batch_norm_scratch_bytes(const Exec&, const BatchNormGeometry& g) {
  return most_sum_columns_scratch_bytes<T>(g.rows, g.channels, kMostBlocks);
}

template <class T>
void batch_norm_statistics(const Exec& exec, const BatchNormGeometry& g, const T* x, double epsilon, double momentum,
                           Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                           Master<T>* inverse_deviation, void* scratch) {
  float* sums = static_cast<float*>(scratch);
  with_column_width<T>(
      g.channels,
      [&]<int width>(std::integral_constant<int, width>) {
        const ColumnTiling tiling(g.rows, g.channels, width, kMostBlocks);
        launch(exec, {"batch_norm_statistics", tiling.grid(), kColumnThreads},
               sum_columns_kernel<width, SumDeviations<T>>, tiling, SumDeviations<T>{x, tiling}, sums);
        finish_columns(exec, "batch_norm_statistics_finish", g.channels, tiling.runs, sums,
                       FinishStatistics<AroundFirstRow<T>>{{x, tiling.run * g.channels},
                                                           g.rows,
                                                           g.channels,
                                                           tiling.run,
                                                           epsilon,
                                                           momentum,
                                                           running_mean,
                                                           running_variance,
                                                           mean,
                                                           inverse_deviation});
      },
      x);
}

template <class T>
void batch_norm_statistics_of_moments(const Exec& exec, const BatchNormGeometry& g,
                                      const BatchNormMoments<Master<T>>& moments, double epsilon, double momentum,
                                      Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                                      Master<T>* inverse_deviation) {
  finish_columns(exec, "batch_norm_statistics_of_moments", g.channels, (g.rows + moments.run - 1) / moments.run,
                 moments.values,
                 FinishStatistics<AroundMean>{{moments.values},
                                              g.rows,
                                              g.channels,
                                              moments.run,
                                              epsilon,
                                              momentum,
                                              running_mean,
                                              running_variance,
                                              mean,
                                              inverse_deviation});
}

template <class T>
void batch_norm_running(const Exec& exec, std::int64_t channels, double epsilon, const Master<T>* running_mean,
                        const Master<T>* running_variance, Master<T>* mean, Master<T>* inverse_deviation) {
  launch(exec, {"batch_norm_running", blocks_for(channels, 128), 128}, batch_norm_running_kernel, channels, epsilon,
         running_mean, running_variance, mean, inverse_deviation);
}

template <class T>
void batch_norm_apply(const Exec& exec, const BatchNormGeometry& g, BatchNormTail tail,
                      const BatchNormChannels<Master<T>>& channels, const T* x, const T* residual, T* y) {
  if (g.rows == 0) return;
  with_tail(tail, [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
    with_column_width<T>(
        g.channels,
        [&]<int width>(std::integral_constant<int, width>) {
          const ColumnTiling tiling(g.rows, g.channels, width, 2 * kMostBlocks);
          launch(exec, {"batch_norm_apply", tiling.grid(), kColumnThreads}, for_columns_kernel<width, Apply<T, fused>>,
                 tiling, Apply<T, fused>{channels, x, residual, y});
        },
        x, residual, y);
  });
}

template <class T>
void batch_norm_reduce(const Exec& exec, const BatchNormGeometry& g, BatchNormTail tail,
                       const BatchNormChannels<Master<T>>& channels, const T* x, const T* y, const T* dy, T* dz,
                       Master<T>* dweight, Master<T>* dbias, void* scratch) {
  float* sums = static_cast<float*>(scratch);
  with_tail(tail, [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
    with_column_width<T>(
        g.channels,
        [&]<int width>(std::integral_constant<int, width>) {
          const ColumnTiling tiling(g.rows, g.channels, width, kMostBlocks);
          launch(exec, {"batch_norm_reduce", tiling.grid(), kColumnThreads},
                 sum_columns_kernel<width, SumGradients<T, fused>>, tiling,
                 SumGradients<T, fused>{channels, x, y, dy, dz}, sums);
          finish_columns(exec, "batch_norm_reduce_finish", g.channels, tiling.runs, sums,
                         FinishGradients{channels.inverse_deviation, dweight, dbias});
        },
        x, y, dy, dz);
  });
}

template <class T>
void batch_norm_backward_input(const Exec& exec, const BatchNormGeometry& g, BatchNormTail tail,
                               BatchNormStatisticsOf statistics, const BatchNormChannels<Master<T>>& channels,
                               const Master<T>* dweight, const Master<T>* dbias, const T* x, const T* dy, T* dx) {
  if (g.rows == 0) return;
  const float share = statistics == BatchNormStatisticsOf::batch ? 1.0f / static_cast<float>(g.rows) : 0.0f;
  const auto run = [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
    with_column_width<T>(
        g.channels,
        [&]<int width>(std::integral_constant<int, width>) {
          const ColumnTiling tiling(g.rows, g.channels, width, 2 * kMostBlocks);
          launch(exec, {"batch_norm_backward_input", tiling.grid(), kColumnThreads},
                 for_columns_kernel<width, BackwardInput<T, fused>>, tiling,
                 BackwardInput<T, fused>{channels, dweight, dbias, share, x, dy, dx});
        },
        x, dy, dx);
  };
  if (tail == BatchNormTail::relu)
    run(std::integral_constant<BatchNormTail, BatchNormTail::relu>{});
  else
    run(std::integral_constant<BatchNormTail, BatchNormTail::none>{});
}

#define SLUICE_INSTANTIATE(T)                                                                                          \
  template std::size_t batch_norm_scratch_bytes<T>(const Exec&, const BatchNormGeometry&);                             \
  template void batch_norm_statistics(const Exec&, const BatchNormGeometry&, const T*, double, double, Master<T>*,     \
                                      Master<T>*, Master<T>*, Master<T>*, void*);                                      \
  template void batch_norm_statistics_of_moments<T>(const Exec&, const BatchNormGeometry&,                             \
                                                    const BatchNormMoments<Master<T>>&, double, double, Master<T>*,    \
                                                    Master<T>*, Master<T>*, Master<T>*);                               \
  template void batch_norm_running<T>(const Exec&, std::int64_t, double, const Master<T>*, const Master<T>*,           \
                                      Master<T>*, Master<T>*);                                                         \
  template void batch_norm_apply(const Exec&, const BatchNormGeometry&, BatchNormTail,                                 \
                                 const BatchNormChannels<Master<T>>&, const T*, const T*, T*);                         \
  template void batch_norm_reduce(const Exec&, const BatchNormGeometry&, BatchNormTail,                                \
                                  const BatchNormChannels<Master<T>>&, const T*, const T*, const T*, T*, Master<T>*,   \
                                  Master<T>*, void*);                                                                  \
  template void batch_norm_backward_input(const Exec&, const BatchNormGeometry&, BatchNormTail, BatchNormStatisticsOf, \
                                          const BatchNormChannels<Master<T>>&, const Master<T>*, const Master<T>*,     \
                                          const T*, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda

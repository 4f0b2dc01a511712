// SPDX-License-Identifier: Apache-2.0
// Batch normalisation of x [rows, channels], its statistics given (batch_norm_statistics.cu). Every pass is bound by
// bytes, and its floor is the bytes over the memory's bandwidth: apply reads x (and the residual) and writes y; reduce
// reads x and dy (and y, and writes dz); backward_input reads x and dy and writes dx. Sums are taken by runs of rows,
// then over the runs in order; the second stage moves little and costs a launch.
#include <sluice/kernels/batch_norm.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/columns.h>

namespace sluice::kernels::cuda {
namespace {

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

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t BatchNorm<Cuda>::scratch_bytes(const Exec&, const BatchNormGeometry& g) {
  return most_sum_columns_scratch_bytes<T>(g.rows, g.channels, kMostColumnBlocks);
}

template <>
template <class T>
void BatchNorm<Cuda>::apply(const Exec& exec, const BatchNormGeometry& g, BatchNormTail tail,
                            const BatchNormChannels<Master<T>>& channels, const T* x, const T* residual, T* y) {
  if (g.rows == 0) return;
  with_tail(tail, [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
    with_column_width<T>(
        g.channels,
        [&]<int width>(std::integral_constant<int, width>) {
          const ColumnTiling tiling(g.rows, g.channels, width, 2 * kMostColumnBlocks);
          launch(exec, {"batch_norm_apply", tiling.grid(), kColumnThreads}, for_columns_kernel<width, Apply<T, fused>>,
                 tiling, Apply<T, fused>{channels, x, residual, y});
        },
        x, residual, y);
  });
}

template <>
template <class T>
void BatchNorm<Cuda>::backward_sums(const Exec& exec, const BatchNormGeometry& g, BatchNormTail tail,
                                    const BatchNormChannels<Master<T>>& channels, const T* x, const T* y, const T* dy,
                                    T* dz, Master<T>* dweight, Master<T>* dbias, void* scratch) {
  float* sums = static_cast<float*>(scratch);
  with_tail(tail, [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
    with_column_width<T>(
        g.channels,
        [&]<int width>(std::integral_constant<int, width>) {
          const ColumnTiling tiling(g.rows, g.channels, width, kMostColumnBlocks);
          launch(exec, {"batch_norm_reduce", tiling.grid(), kColumnThreads},
                 sum_columns_kernel<width, SumGradients<T, fused>>, tiling,
                 SumGradients<T, fused>{channels, x, y, dy, dz}, sums);
          finish_columns(exec, "batch_norm_reduce_finish", g.channels, tiling.runs, sums,
                         FinishGradients{channels.inverse_deviation, dweight, dbias});
        },
        x, y, dy, dz);
  });
}

template <>
template <class T>
void BatchNorm<Cuda>::backward_input(const Exec& exec, const BatchNormGeometry& g, BatchNormTail tail,
                                     BatchNormStatisticsOf statistics, const BatchNormChannels<Master<T>>& channels,
                                     const Master<T>* dweight, const Master<T>* dbias, const T* x, const T* dy, T* dx) {
  if (g.rows == 0) return;
  const float share = statistics == BatchNormStatisticsOf::batch ? 1.0f / static_cast<float>(g.rows) : 0.0f;
  const auto run = [&]<BatchNormTail fused>(std::integral_constant<BatchNormTail, fused>) {
    with_column_width<T>(
        g.channels,
        [&]<int width>(std::integral_constant<int, width>) {
          const ColumnTiling tiling(g.rows, g.channels, width, 2 * kMostColumnBlocks);
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

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&BatchNorm<Cuda>::scratch_bytes<T>, &BatchNorm<Cuda>::apply<T>, &BatchNorm<Cuda>::backward_sums<T>,
                    &BatchNorm<Cuda>::backward_input<T>);
});

}  // namespace sluice::kernels

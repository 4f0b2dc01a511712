// SPDX-License-Identifier: Apache-2.0
// Batch norm of x [rows, channels]. Bound by bytes, each pass at one read of every array that it names and one write of
// its result: statistics x; apply x (and residual) and y; reduce x, dy (and y, dz); backward_input x, dz and dx.
// Statistics are Welford's, joined by Chan, Golub and LeVeque's rule (1979), so a mean far from 0 costs no digits.
#include "kernels/batch_norm.h"

#include "kernels/cuda/columns.h"

namespace sluice::kernels::cuda {
namespace {

struct Moments {
  float count, mean, squares;  // squares: sum of squared deviations from the mean

  __device__ static Moments merge(const Moments& a, const Moments& b) {
    const float count = a.count + b.count;
    if (count == 0) return a;
    const float share = b.count / count, difference = b.mean - a.mean;
    return {count, a.mean + difference * share, a.squares + b.squares + difference * difference * a.count * share};
  }
  __device__ Moments from_lane(int distance) const {
    return {__shfl_xor_sync(0xffffffffu, count, distance), __shfl_xor_sync(0xffffffffu, mean, distance),
            __shfl_xor_sync(0xffffffffu, squares, distance)};
  }
};

template <class T>
struct MomentsOf {
  using State = Moments;
  const T* x;

  template <int width>
  struct Columns {
    const T* x;
    __device__ Columns(const MomentsOf& rule, std::int64_t) : x(rule.x) {}

    __device__ void add(Moments (&state)[width], std::int64_t, std::int64_t offset) const {
      const auto pack = *reinterpret_cast<const Pack<T, width>*>(x + offset);
      const float count = state[0].count + 1, share = 1 / count;
      UNROLL for (int i = 0; i < width; ++i) {
        const float value = to_float(pack[i]), difference = value - state[i].mean;
        state[i].count = count;
        state[i].mean += difference * share;
        state[i].squares += difference * (value - state[i].mean);
      }
    }
  };
};

struct KeepStatistics {
  float epsilon, momentum;
  float *running_mean, *running_variance, *mean, *inverse_deviation;

  __device__ void operator()(std::int64_t channel, const Moments& moments) const {
    mean[channel] = moments.mean;
    inverse_deviation[channel] = 1 / sqrtf(moments.squares / moments.count + epsilon);
    if (running_mean == nullptr) return;
    running_mean[channel] += momentum * (moments.mean - running_mean[channel]);
    running_variance[channel] += momentum * (moments.squares / (moments.count - 1) - running_variance[channel]);
  }
};

__global__ void __launch_bounds__(256)
    batch_norm_running_kernel(std::int64_t channels, float epsilon, const float* running_mean,
                              const float* running_variance, float* mean, float* inverse_deviation) {
  const std::int64_t channel = std::int64_t{blockIdx.x} * 256 + threadIdx.x;
  if (channel >= channels) return;
  mean[channel] = running_mean[channel];
  inverse_deviation[channel] = 1 / sqrtf(running_variance[channel] + epsilon);
}

// What a thread keeps of its channels: z = (x - mean) * scale + bias.
template <int width>
struct Affine {
  float mean[width], scale[width], bias[width];

  __device__ Affine(const BatchNormChannels<float>& channels, std::int64_t channel) {
    UNROLL for (int i = 0; i < width; ++i) {
      mean[i] = channels.mean[channel + i];
      scale[i] = channels.inverse_deviation[channel + i] * channels.weight[channel + i];
      bias[i] = channels.bias[channel + i];
    }
  }
  __device__ float operator()(int i, float x) const { return (x - mean[i]) * scale[i] + bias[i]; }
};

template <int width, BatchNormTail tail, class T>
__global__ void __launch_bounds__(kColumnThreads)
    batch_norm_apply_kernel(ColumnWalk walk, BatchNormChannels<float> channels, const T* x, const T* residual, T* y) {
  const std::int64_t column = column_of_thread(walk, width);
  if (column >= walk.columns) return;
  const Affine<width> affine(channels, column);
  for_each_row(walk, column, [&](std::int64_t, std::int64_t offset) {
    const auto in = *reinterpret_cast<const Pack<T, width>*>(x + offset);
    Pack<T, width> beside{}, out;
    if constexpr (tail == BatchNormTail::add_relu) beside = *reinterpret_cast<const Pack<T, width>*>(residual + offset);
    UNROLL for (int i = 0; i < width; ++i) {
      float z = affine(i, to_float(in[i]));
      if constexpr (tail == BatchNormTail::add_relu) z += to_float(beside[i]);
      // A NaN stays one.
      if constexpr (tail != BatchNormTail::none) z = z < 0 ? 0 : z;
      out[i] = from_float<T>(z);
    }
    *reinterpret_cast<Pack<T, width>*>(y + offset) = out;
  });
}

struct TwoSums {
  float bias, weight;

  __device__ static TwoSums merge(const TwoSums& a, const TwoSums& b) { return {a.bias + b.bias, a.weight + b.weight}; }
  __device__ TwoSums from_lane(int distance) const {
    return {__shfl_xor_sync(0xffffffffu, bias, distance), __shfl_xor_sync(0xffffffffu, weight, distance)};
  }
};

// dz out of dy: what the relu let pass.
template <BatchNormTail tail, class T>
struct ParameterGradients {
  using State = TwoSums;
  BatchNormChannels<float> channels;
  const T *x, *y, *dy;
  T* dz;

  template <int width>
  struct Columns {
    const ParameterGradients& rule;
    Affine<width> affine;
    __device__ Columns(const ParameterGradients& of, std::int64_t channel) : rule(of), affine(of.channels, channel) {}

    __device__ void add(TwoSums (&state)[width], std::int64_t, std::int64_t offset) const {
      using P = Pack<T, width>;
      const P in = *reinterpret_cast<const P*>(rule.x + offset);
      P gradient = *reinterpret_cast<const P*>(rule.dy + offset), out{};
      if constexpr (tail == BatchNormTail::add_relu) out = *reinterpret_cast<const P*>(rule.y + offset);
      UNROLL for (int i = 0; i < width; ++i) {
        const float value = to_float(in[i]);
        bool passed = true;
        if constexpr (tail == BatchNormTail::relu) passed = affine(i, value) > 0;
        if constexpr (tail == BatchNormTail::add_relu) passed = to_float(out[i]) > 0;
        if (!passed) gradient[i] = from_float<T>(0);
        const float g = to_float(gradient[i]);
        state[i].bias += g;
        // Times the inverse deviation, once a channel, in KeepGradients.
        state[i].weight += g * (value - affine.mean[i]);
      }
      if constexpr (tail == BatchNormTail::add_relu) *reinterpret_cast<P*>(rule.dz + offset) = gradient;
    }
  };
};

struct KeepGradients {
  const float* inverse_deviation;
  float *dweight, *dbias;

  __device__ void operator()(std::int64_t channel, const TwoSums& sums) const {
    dweight[channel] = sums.weight * inverse_deviation[channel];
    dbias[channel] = sums.bias;
  }
};

template <int width, BatchNormTail tail, BatchNormStatisticsOf statistics, class T>
__global__ void __launch_bounds__(kColumnThreads)
    batch_norm_backward_input_kernel(ColumnWalk walk, BatchNormChannels<float> channels, const float* dweight,
                                     const float* dbias, const T* x, const T* dy, T* dx) {
  const std::int64_t column = column_of_thread(walk, width);
  if (column >= walk.columns) return;
  const Affine<width> affine(channels, column);
  const float share = 1 / static_cast<float>(walk.rows);
  float slope[width], offset_of[width];
  UNROLL for (int i = 0; i < width; ++i) {
    slope[i] = dweight[column + i] * channels.inverse_deviation[column + i] * share;
    offset_of[i] = dbias[column + i] * share;
  }
  for_each_row(walk, column, [&](std::int64_t, std::int64_t offset) {
    using P = Pack<T, width>;
    const P in = *reinterpret_cast<const P*>(x + offset), gradient = *reinterpret_cast<const P*>(dy + offset);
    P out;
    UNROLL for (int i = 0; i < width; ++i) {
      const float value = to_float(in[i]);
      float g = to_float(gradient[i]);
      if constexpr (tail == BatchNormTail::relu) g = affine(i, value) > 0 ? g : 0;
      if constexpr (statistics == BatchNormStatisticsOf::batch) g -= offset_of[i] + (value - affine.mean[i]) * slope[i];
      out[i] = from_float<T>(g * affine.scale[i]);
    }
    *reinterpret_cast<P*>(dx + offset) = out;
  });
}

// f(tail) with the tail as a constant.
template <class F>
void with_tail(BatchNormTail tail, F&& f) {
  using enum BatchNormTail;
  switch (tail) {
    case none: return f(std::integral_constant<BatchNormTail, none>{});
    case relu: return f(std::integral_constant<BatchNormTail, relu>{});
    case add_relu: return f(std::integral_constant<BatchNormTail, add_relu>{});
  }
}

}  // namespace

template <class T>
std::size_t batch_norm_scratch_bytes(const Exec&, const BatchNormGeometry& geometry) {
  std::size_t bytes = 0;
  with_width<T>(geometry.channels, [&](auto width) {
    bytes = column_reduce_scratch_bytes<Moments>(geometry.rows, geometry.channels, width);
  });
  return bytes;
}

template <class T>
void batch_norm_statistics(const Exec& exec, const BatchNormGeometry& geometry, const T* x, double epsilon,
                           double momentum, Master<T>* running_mean, Master<T>* running_variance, Master<T>* mean,
                           Master<T>* inverse_deviation, void* scratch) {
  const KeepStatistics keep{static_cast<float>(epsilon),
                            static_cast<float>(momentum),
                            running_mean,
                            running_variance,
                            mean,
                            inverse_deviation};
  with_width<T>(geometry.channels, [&](auto width) {
    column_reduce<width>(exec, "batch_norm_statistics", geometry.rows, geometry.channels, MomentsOf<T>{x}, keep,
                         scratch);
  });
}

template <class T>
void batch_norm_running(const Exec& exec, std::int64_t channels, double epsilon, const Master<T>* running_mean,
                        const Master<T>* running_variance, Master<T>* mean, Master<T>* inverse_deviation) {
  launch(exec, {"batch_norm_running", blocks_for(channels, 256), 256}, batch_norm_running_kernel, channels,
         static_cast<float>(epsilon), running_mean, running_variance, mean, inverse_deviation);
}

template <class T>
void batch_norm_apply(const Exec& exec, const BatchNormGeometry& geometry, BatchNormTail tail,
                      const BatchNormChannels<Master<T>>& channels, const T* x, const T* residual, T* y) {
  with_width<T>(geometry.channels, [&](auto width) {
    const ColumnWalk walk = ColumnWalk::make(geometry.rows, geometry.channels, width);
    with_tail(tail, [&](auto with) {
      launch(exec, {"batch_norm_apply", walk.grid(width), kColumnThreads}, batch_norm_apply_kernel<width, with, T>,
             walk, channels, x, residual, y);
    });
  });
}

template <class T>
void batch_norm_reduce(const Exec& exec, const BatchNormGeometry& geometry, BatchNormTail tail,
                       const BatchNormChannels<Master<T>>& channels, const T* x, const T* y, const T* dy, T* dz,
                       Master<T>* dweight, Master<T>* dbias, void* scratch) {
  const KeepGradients keep{channels.inverse_deviation, dweight, dbias};
  with_width<T>(geometry.channels, [&](auto width) {
    with_tail(tail, [&](auto with) {
      column_reduce<width>(exec, "batch_norm_reduce", geometry.rows, geometry.channels,
                           ParameterGradients<with, T>{channels, x, y, dy, dz}, keep, scratch);
    });
  });
}

template <class T>
void batch_norm_backward_input(const Exec& exec, const BatchNormGeometry& geometry, BatchNormTail tail,
                               BatchNormStatisticsOf statistics, const BatchNormChannels<Master<T>>& channels,
                               const Master<T>* dweight, const Master<T>* dbias, const T* x, const T* dy, T* dx) {
  // The add_relu tail's dy is dz already.
  const BatchNormTail left = tail == BatchNormTail::relu ? tail : BatchNormTail::none;
  with_width<T>(geometry.channels, [&](auto width) {
    const ColumnWalk walk = ColumnWalk::make(geometry.rows, geometry.channels, width);
    with_tail(left, [&](auto with) {
      const auto kernel = statistics == BatchNormStatisticsOf::batch
                              ? batch_norm_backward_input_kernel<width, with, BatchNormStatisticsOf::batch, T>
                              : batch_norm_backward_input_kernel<width, with, BatchNormStatisticsOf::running, T>;
      launch(exec, {"batch_norm_backward_input", walk.grid(width), kColumnThreads}, kernel, walk, channels, dweight,
             dbias, x, dy, dx);
    });
  });
}

#define SLUICE_INSTANTIATE(T)                                                                                          \
  template std::size_t batch_norm_scratch_bytes<T>(const Exec&, const BatchNormGeometry&);                             \
  template void batch_norm_statistics(const Exec&, const BatchNormGeometry&, const T*, double, double, Master<T>*,     \
                                      Master<T>*, Master<T>*, Master<T>*, void*);                                      \
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

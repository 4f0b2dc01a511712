// SPDX-License-Identifier: Apache-2.0
// Layer normalisation of the rows of x [rows, channels], a warp a row. Bound by bytes: forward reads x (again from the
// caches for the deviations, around the mean, and for y) and writes y; backward reads x and dy twice, once down the
// columns for dweight and dbias and once along the rows, and writes dx.
#include <sluice/kernels/layer_norm.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/columns.h>

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;

// This warp's row.
__device__ __forceinline__ std::int64_t own_row() {
  return std::int64_t{blockIdx.x} * kWarps + static_cast<int>(threadIdx.x) / 32;
}

// visit(std::integral_constant of the width, channel) for the packs of a row that are this lane's.
template <int width, class Visit>
__device__ __forceinline__ void for_lane(std::int64_t channels, const Visit& visit) {
  for (std::int64_t c = std::int64_t{threadIdx.x % 32} * width; c < channels; c += 32 * width) visit(c);
}

template <class T, int width>
__global__ void __launch_bounds__(kThreads)
    layer_norm_forward_kernel(LayerNormGeometry g, float epsilon, const T* x, const float* weight, const float* bias,
                              T* y, float* means, float* inverse_deviations) {
  const std::int64_t row = own_row();
  if (row >= g.rows) return;
  const T* from = x + row * g.channels;
  const float share = 1.0f / static_cast<float>(g.channels);
  float sum = 0;
  for_lane<width>(g.channels, [&](std::int64_t c) {
    const auto values = load_pack<T, width>(from, c);
    UNROLL for (int i = 0; i < width; ++i) sum += to_float(values[i]);
  });
  const float mean = lanes_sum<32>(sum) * share;
  float squares = 0;
  for_lane<width>(g.channels, [&](std::int64_t c) {
    const auto values = load_pack<T, width>(from, c);
    UNROLL for (int i = 0; i < width; ++i) squares += (to_float(values[i]) - mean) * (to_float(values[i]) - mean);
  });
  const float inverse = 1.0f / sqrtf(lanes_sum<32>(squares) * share + epsilon);
  for_lane<width>(g.channels, [&](std::int64_t c) {
    auto values = load_pack<T, width>(from, c);
    const auto scale = load_pack<float, width>(weight, c), shift = load_pack<float, width>(bias, c);
    UNROLL for (int i = 0; i < width; ++i) values[i] =
        from_float<T>((to_float(values[i]) - mean) * inverse * scale[i] + shift[i]);
    store_pack(y, row * g.channels + c, values);
  });
  if (threadIdx.x % 32 != 0) return;
  means[row] = mean;
  inverse_deviations[row] = inverse;
}

template <class T, int width>
__global__ void __launch_bounds__(kThreads)
    layer_norm_backward_input_kernel(LayerNormGeometry g, const T* x, const float* means,
                                     const float* inverse_deviations, const float* weight, const T* dy, T* dx) {
  const std::int64_t row = own_row();
  if (row >= g.rows) return;
  const float mean = means[row], inverse = inverse_deviations[row];
  const std::int64_t first = row * g.channels;
  float sum = 0, product = 0;
  for_lane<width>(g.channels, [&](std::int64_t c) {
    const auto values = load_pack<T, width>(x, first + c), gradients = load_pack<T, width>(dy, first + c);
    const auto scale = load_pack<float, width>(weight, c);
    UNROLL for (int i = 0; i < width; ++i) {
      const float d = scale[i] * to_float(gradients[i]);
      sum += d;
      product += d * (to_float(values[i]) - mean);
    }
  });
  const float share = 1.0f / static_cast<float>(g.channels);
  const float offset = lanes_sum<32>(sum) * share, slope = lanes_sum<32>(product) * inverse * share;
  for_lane<width>(g.channels, [&](std::int64_t c) {
    const auto values = load_pack<T, width>(x, first + c), gradients = load_pack<T, width>(dy, first + c);
    const auto scale = load_pack<float, width>(weight, c);
    Pack<T, width> result;
    UNROLL for (int i = 0; i < width; ++i) {
      const float xhat = (to_float(values[i]) - mean) * inverse;
      result[i] = from_float<T>(inverse * (scale[i] * to_float(gradients[i]) - offset - xhat * slope));
    }
    store_pack(dx, first + c, result);
  });
}

// Sums of dy and dy xhat.
template <class T>
struct SumParameterGradients {
  const T *x, *dy;
  const float *means, *inverse_deviations;

  template <int width>
  struct Loaded {
    Pack<T, width> x, dy;
    float mean, inverse;
  };
  struct State {};
  template <int width>
  __device__ __forceinline__ State begin(std::int64_t) const {
    return {};
  }
  template <int width>
  __device__ __forceinline__ Loaded<width> load(std::int64_t index, std::int64_t row) const {
    return {load_pack<T, width>(x, index), load_pack<T, width>(dy, index), means[row], inverse_deviations[row]};
  }
  template <int width>
  __device__ __forceinline__ void add(const State&, const Loaded<width>& loaded, std::int64_t,
                                      ColumnSums<width>& sums) const {
    UNROLL for (int i = 0; i < width; ++i) {
      const float d = to_float(loaded.dy[i]);
      sums.first[i] += d;
      sums.second[i] += d * ((to_float(loaded.x[i]) - loaded.mean) * loaded.inverse);
    }
  }
};

struct FinishParameterGradients {
  float *dweight, *dbias;
  __device__ ColumnTotals part(std::int64_t, std::int64_t, float sum, float product) const { return {sum, product}; }
  __device__ void operator()(std::int64_t column, const ColumnTotals& total) const {
    dbias[column] = static_cast<float>(total.first);
    dweight[column] = static_cast<float>(total.second);
  }
};

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void LayerNorm<Cuda>::forward(const Exec& exec, const LayerNormGeometry& g, double epsilon, const T* x,
                              const Master<T>* weight, const Master<T>* bias, T* y, Master<T>* mean,
                              Master<T>* inverse_deviation) {
  if (g.rows == 0) return;
  with_column_width<T>(
      g.channels,
      [&]<int width>(std::integral_constant<int, width>) {
        launch(exec, {"layer_norm_forward", blocks_for(g.rows, kWarps), kThreads}, layer_norm_forward_kernel<T, width>,
               g, static_cast<float>(epsilon), x, weight, bias, y, mean, inverse_deviation);
      },
      x, y, weight, bias);
}

template <>
template <class T>
std::size_t LayerNorm<Cuda>::backward_scratch_bytes(const Exec&, const LayerNormGeometry& g) {
  return most_sum_columns_scratch_bytes<T>(g.rows, g.channels, kMostColumnBlocks);
}

template <>
template <class T>
void LayerNorm<Cuda>::backward(const Exec& exec, const LayerNormGeometry& g, const T* x, const Master<T>* mean,
                               const Master<T>* inverse_deviation, const Master<T>* weight, const T* dy, T* dx,
                               Master<T>* dweight, Master<T>* dbias, void* scratch) {
  float* sums = static_cast<float*>(scratch);
  with_column_width<T>(
      g.channels,
      [&]<int width>(std::integral_constant<int, width>) {
        // Before dx, which may be the memory of dy.
        const ColumnTiling tiling(g.rows, g.channels, width, kMostColumnBlocks);
        launch(exec, {"layer_norm_backward_weight", tiling.grid(), kColumnThreads},
               sum_columns_kernel<width, SumParameterGradients<T>>, tiling,
               SumParameterGradients<T>{x, dy, mean, inverse_deviation}, sums);
        finish_columns(exec, "layer_norm_backward_weight_finish", tiling.columns, tiling.runs, sums,
                       FinishParameterGradients{dweight, dbias});
        if (g.rows == 0) return;
        launch(exec, {"layer_norm_backward_input", blocks_for(g.rows, kWarps), kThreads},
               layer_norm_backward_input_kernel<T, width>, g, x, mean, inverse_deviation, weight, dy, dx);
      },
      x, dy, dx, weight);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&LayerNorm<Cuda>::forward<T>, &LayerNorm<Cuda>::backward_scratch_bytes<T>,
                    &LayerNorm<Cuda>::backward<T>);
});

}  // namespace sluice::kernels

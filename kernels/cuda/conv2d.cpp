// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/conv2d.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/batch_norm.h>
#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>
#include <sluice/kernels/cuda/launch.h>
#include <sluice/kernels/runtime/memory.h>
#include <sluice/kernels/runtime/tuning.h>

namespace sluice::kernels::cuda {
namespace {

bool wants_moments(Conv2dPass pass, const Conv2dShape& shape) {
  return pass == Conv2dPass::forward && shape.window.moments == Moments::present;
}

std::string key_of(Conv2dPass pass, DType dtype, const Conv2dShape& shape) {
  const bool in_tf32 = dtype == DType::f32 && matmul_precision() == MatmulPrecision::tf32;
  return concat("conv2d ", name_of(pass), " ", in_tf32 ? "tf32" : name_of(dtype), " ", shape.description(),
                wants_moments(pass, shape) ? " with moments" : "", " on cuda",
                conv_engine() == ConvEngine::cudnn ? " by libraries" : "");
}

// Device memory to measure on.
class Arena {
 public:
  Arena(const Exec& exec, std::size_t bytes) : device_(exec.device), bytes_(std::max<std::size_t>(bytes, 1)) {
    data_ = kernels::raw_allocate(device_, bytes_);
    if (data_ == nullptr)
      throw OutOfMemory(concat("conv2d: no ", bytes_, " bytes on ", device_, " to measure algorithms on"));
    // Numbers of ordinary size in every type.
    check(cudaMemsetAsync(data_, 0x3f, bytes_, stream_of(exec)), "cudaMemsetAsync");
  }
  ~Arena() { kernels::raw_free(device_, data_, bytes_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* data() const { return data_; }

 private:
  Device device_;
  std::size_t bytes_;
  void* data_;
};

BatchNormGeometry normed_by(const Conv2dShape& shape) {
  return {shape.batch * shape.out_height * shape.out_width, shape.out_channels};
}

// Where batch norm follows, its statistics are a part of what is measured: those of moments, or of y.
template <class T>
std::size_t statistics_bytes(const Exec& exec, const Conv2dAlgorithm<T>& algorithm, const Conv2dShape& shape) {
  const BatchNormGeometry g = normed_by(shape);
  if (algorithm.moments_run == nullptr) return BatchNorm<Cuda>::scratch_bytes<T>(exec, g);
  const std::int64_t run = algorithm.moments_run(shape);
  return static_cast<std::size_t>(2 * ((g.rows + run - 1) / run) * g.channels) * sizeof(float);
}

template <class T>
void statistics(const Exec& exec, const Conv2dAlgorithm<T>& algorithm, const Conv2dShape& shape, const T* y,
                float* moments, float* mean) {
  const BatchNormGeometry g = normed_by(shape);
  float* inverse_deviation = mean + g.channels;
  if (algorithm.moments_run == nullptr)
    return BatchNorm<Cuda>::statistics<T>(exec, g, y, 1e-5, 0, nullptr, nullptr, mean, inverse_deviation, moments);
  BatchNorm<Cuda>::statistics_of_moments<T>(exec, g, {moments, algorithm.moments_run(shape)}, 1e-5, 0, nullptr, nullptr,
                                            mean, inverse_deviation);
}

template <class T>
std::vector<Candidate> candidates_of(const Exec& exec, Conv2dPass pass, const Conv2dShape& shape,
                                     const std::vector<Conv2dAlgorithm<T>>& candidates) {
  std::size_t scratch_bytes = 0;
  for (const auto& candidate : candidates)
    scratch_bytes = std::max(scratch_bytes, candidate.scratch_bytes(pass, shape));
  std::size_t bytes = 0;
  const auto take = [&](std::size_t wanted) { return std::exchange(bytes, bytes + (wanted + 255) / 256 * 256); };
  const std::size_t x = take(static_cast<std::size_t>(shape.x_size()) * sizeof(T));
  const std::size_t y = take(static_cast<std::size_t>(shape.y_size()) * sizeof(T));
  const std::size_t weight = take(static_cast<std::size_t>(shape.weight_size()) * sizeof(float));
  const std::size_t bias = take(static_cast<std::size_t>(shape.out_channels) * sizeof(float));
  const std::size_t scratch = take(scratch_bytes);
  const bool normed = wants_moments(pass, shape);
  std::size_t moments_bytes = 0;
  if (normed)
    for (const auto& candidate : candidates)
      moments_bytes = std::max(moments_bytes, statistics_bytes(exec, candidate, shape));
  const std::size_t moments = take(moments_bytes);
  const std::size_t mean = take(normed ? 2 * static_cast<std::size_t>(shape.out_channels) * sizeof(float) : 0);
  const auto memory = std::make_shared<Arena>(exec, bytes);
  std::vector<Candidate> runs;
  for (const auto& candidate : candidates) {
    runs.push_back(
        {.run =
             [=] {
               const auto at = [&](std::size_t offset) { return static_cast<std::byte*>(memory->data()) + offset; };
               // With a bf16 weight at hand, as training has it.
               const Conv2dOperands<T> operands{
                   reinterpret_cast<T*>(at(x)),
                   reinterpret_cast<float*>(at(weight)),
                   shape.window.bias == Bias::present ? reinterpret_cast<float*>(at(bias)) : nullptr,
                   reinterpret_cast<T*>(at(y)),
                   std::is_same_v<T, float> ? nullptr : reinterpret_cast<const T*>(at(weight)),
                   normed && candidate.moments_run != nullptr ? reinterpret_cast<float*>(at(moments)) : nullptr};
               // Several, for the wait at their end to weigh little.
               for (int i = 0; i < 10; ++i) {
                 candidate.run(exec, pass, shape, operands, at(scratch));
                 if (normed)
                   statistics(exec, candidate, shape, operands.y, reinterpret_cast<float*>(at(moments)),
                              reinterpret_cast<float*>(at(mean)));
               }
               check(cudaStreamSynchronize(stream_of(exec)), "cudaStreamSynchronize");
             },
         .prepare = {},
         .fault = {}});
  }
  return runs;
}

template <class T>
Conv2dAlgorithm<T> native(Conv2dPass pass, const Conv2dShape& shape) {
  const Conv2dAlgorithm<T> gemm = conv2d_gemm<T>(matmul_precision());
  for (const Conv2dAlgorithm<T>& algorithm : {conv2d_depthwise<T>(), conv2d_grouped<T>(), gemm})
    if (algorithm.supports(pass, shape)) return algorithm;
  return conv2d_direct<T>();
}

template <class T>
Conv2dAlgorithm<T> algorithm_for(const Exec& exec, Conv2dPass pass, const Conv2dShape& shape) {
  const ConvEngine engine = conv_engine();
  std::vector<Conv2dAlgorithm<T>> candidates;
  if (engine != ConvEngine::cudnn) candidates.push_back(native<T>(pass, shape));
  if (engine != ConvEngine::native)
    for (const auto& algorithm : conv2d_libraries<T>())
      if (algorithm.supports(pass, shape)) candidates.push_back(algorithm);
  if (candidates.empty())
    throw DeviceError(concat("cuDNN can't run conv2d ", name_of(pass), " ", name_of(dtype_of<T>), " ",
                             shape.description(), "; choose another convolution engine"));
  if (engine == ConvEngine::native || candidates.size() == 1) return candidates.front();
  std::vector<std::string_view> names;
  for (const auto& candidate : candidates) names.push_back(candidate.name);
  const auto chosen = choose_algorithm(key_of(pass, dtype_of<T>, shape), names,
                                       [&] { return candidates_of<T>(exec, pass, shape, candidates); });
  return chosen ? candidates[*chosen] : conv2d_direct<T>();
}

}  // namespace

template <class T>
std::size_t conv2d_scratch_bytes(const Exec& exec, Conv2dPass pass, const Conv2dShape& shape) {
  return algorithm_for<T>(exec, pass, shape).scratch_bytes(pass, shape);
}

template <class T>
void conv2d(const Exec& exec, Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands,
            void* scratch) {
  algorithm_for<T>(exec, pass, shape).run(exec, pass, shape, operands, scratch);
}

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t Conv2d<Cuda>::forward_scratch_bytes(const Exec& exec, const Conv2dShape& shape) {
  return conv2d_scratch_bytes<T>(exec, Conv2dPass::forward, shape);
}

template <>
template <class T>
std::size_t Conv2d<Cuda>::backward_input_scratch_bytes(const Exec& exec, const Conv2dShape& shape) {
  return conv2d_scratch_bytes<T>(exec, Conv2dPass::backward_input, shape);
}

template <>
template <class T>
std::size_t Conv2d<Cuda>::backward_weight_scratch_bytes(const Exec& exec, const Conv2dShape& shape) {
  return conv2d_scratch_bytes<T>(exec, Conv2dPass::backward_weight, shape);
}

// Where the algorithm leaves none, batch norm takes its statistics from y.
template <>
template <class T>
std::int64_t Conv2d<Cuda>::moments_run(const Exec& exec, const Conv2dShape& shape) {
  if (shape.window.moments == Moments::absent) return 0;
  const auto moments_run = algorithm_for<T>(exec, Conv2dPass::forward, shape).moments_run;
  return moments_run == nullptr ? 0 : moments_run(shape);
}

// The operands of all passes are one struct, so what a pass only reads loses its const on the way.
template <>
template <class T>
void Conv2d<Cuda>::forward(const Exec& exec, const Conv2dShape& shape, const T* x, Weight<T> weight,
                           const Master<T>* bias, T* y, Master<T>* moments, void* scratch) {
  conv2d<T>(
      exec, Conv2dPass::forward, shape,
      {const_cast<T*>(x), const_cast<float*>(weight.master), const_cast<float*>(bias), y, weight.rounded, moments},
      scratch);
}

template <>
template <class T>
void Conv2d<Cuda>::backward_input(const Exec& exec, const Conv2dShape& shape, Weight<T> weight, const T* dy, T* dx,
                                  void* scratch) {
  conv2d<T>(exec, Conv2dPass::backward_input, shape,
            {dx, const_cast<float*>(weight.master), nullptr, const_cast<T*>(dy), weight.rounded}, scratch);
}

template <>
template <class T>
void Conv2d<Cuda>::backward_weight(const Exec& exec, const Conv2dShape& shape, const T* x, const T* dy,
                                   Master<T>* dweight, Master<T>* dbias, void* scratch) {
  conv2d<T>(exec, Conv2dPass::backward_weight, shape, {const_cast<T*>(x), dweight, dbias, const_cast<T*>(dy)}, scratch);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&conv2d_scratch_bytes<T>, &conv2d<T>, &Conv2d<Cuda>::forward_scratch_bytes<T>,
                    &Conv2d<Cuda>::backward_input_scratch_bytes<T>, &Conv2d<Cuda>::backward_weight_scratch_bytes<T>,
                    &Conv2d<Cuda>::moments_run<T>, &Conv2d<Cuda>::forward<T>, &Conv2d<Cuda>::backward_input<T>,
                    &Conv2d<Cuda>::backward_weight<T>);
});

}  // namespace sluice::kernels

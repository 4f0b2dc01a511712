// SPDX-License-Identifier: Apache-2.0
// Flooding of a mean loss and of row losses. Row losses of a batch are so few that one block does them in one launch,
// which is what bounds it.
#include <sluice/kernels/flood.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/flood_groups.h>

namespace sluice::kernels::cuda {
namespace {

constexpr int kBlock = 1024;

__global__ void __launch_bounds__(32)
    flood_forward_kernel(const double* level, const float* loss, float* value, float* sign) {
  if (threadIdx.x != 0) return;
  const Flooded<float> flooded = flood_hard(*loss, static_cast<float>(*level));
  if (value != nullptr) *value = flooded.value;
  *sign = flooded.slope;
}

__global__ void __launch_bounds__(kBlock) flood_rows_forward_kernel(FloodGroups groups, const float* losses) {
  flood_groups(groups, losses);
}

__global__ void __launch_bounds__(256)
    gather_class_levels_kernel(std::int64_t rows, std::int64_t classes, const float* class_levels,
                               const std::int32_t* labels, float* levels) {
  const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  if (i >= rows) return;
  const std::int32_t label = labels[i];
  levels[i] = label >= 0 && label < classes ? class_levels[label] : 0.0f;
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Flood<Cuda>::forward(const Exec& exec, const double* level, const T* loss, T* value, T* sign) {
  launch(exec, {"flood_forward", 1, 32}, flood_forward_kernel, level, loss, value, sign);
}

template <>
template <class T>
void Flood<Cuda>::rows_forward(const Exec& exec, std::int64_t rows, const FloodRule& rule, const T* losses,
                               const FloodLevels<T>& levels, T* value, T* mean, T* flooded, T* slope) {
  launch(exec, {"flood_rows_forward", 1, kBlock}, flood_rows_forward_kernel,
         FloodGroups{rows, rule, levels, value, mean, flooded, slope}, losses);
}

template <>
template <class T>
void Flood<Cuda>::gather_class_levels(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* class_levels,
                                      const std::int32_t* labels, T* levels) {
  if (rows == 0) return;
  launch(exec, {"gather_class_levels", blocks_for(rows, 256), 256}, gather_class_levels_kernel, rows, classes,
         class_levels, labels, levels);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaMasterTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Flood<Cuda>::forward<T>, &Flood<Cuda>::rows_forward<T>, &Flood<Cuda>::gather_class_levels<T>);
});

}  // namespace sluice::kernels

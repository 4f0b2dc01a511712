// SPDX-License-Identifier: Apache-2.0
// What training logs, added up in device memory. Bound by bytes: the logits are read once; at the size of a batch by
// the launch.
#include <sluice/kernels/meter.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/rows.h>

namespace sluice::kernels::cuda {
namespace {

// Blocks add whole numbers to `meter`, which are exact in double, so that the order of the atomics is of no account.
// The loss is added by the first block alone, which counts all labels for it.
template <class T, int lanes, int kept>
__global__ void __launch_bounds__(kRowThreads)
    meter_add_images_kernel(std::int64_t rows, std::int64_t classes, const float* loss, const T* logits,
                            const std::int32_t* labels, double* meter) {
  double correct = 0;
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const std::int32_t label = labels[i];
    const bool counts = live && label >= 0 && label < classes;
    const float own = counts ? to_float(logits[i * classes + label]) : 0.0f;
    const Row<T, lanes, kept> row(logits + i * classes, counts ? classes : 0);
    // Greater than all before it and no less than all after it. NaN is in no order.
    const float against =
        row.sum([&](std::int64_t c, float value) { return (c < label ? own > value : own >= value) ? 0.0f : 1.0f; });
    if (counts && row.lane() == 0 && against == 0) correct += 1;
  });
  correct = block_sum(correct);
  if (threadIdx.x == 0 && correct > 0) atomicAdd(meter + kMeterCorrect, correct);
  if (blockIdx.x != 0) return;
  double images = 0;
  for (std::int64_t i = threadIdx.x; i < rows; i += blockDim.x) images += labels[i] >= 0 ? 1 : 0;
  images = block_sum(images);
  if (threadIdx.x != 0) return;
  meter[kMeterImages] += images;
  // The mean over no image is NaN and must not spoil the sum.
  if (images > 0) meter[kMeterLoss] += static_cast<double>(*loss) * images;
}

__global__ void __launch_bounds__(32) meter_add_batch_kernel(const double* level, const float* loss, double* meter) {
  if (threadIdx.x != 0) return;
  const auto compared = static_cast<float>(*level);
  meter[kMeterBatches] += 1;
  if (compared > 0 && *loss < compared) meter[kMeterFlooded] += 1;
}

__global__ void __launch_bounds__(32) meter_add_flooded_kernel(const float* flooded, double* meter) {
  if (threadIdx.x != 0) return;
  meter[kMeterBatches] += 1;
  meter[kMeterFlooded] += static_cast<double>(*flooded);
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Meter<Cuda>::add_images(const Exec& exec, std::int64_t rows, std::int64_t classes, const Master<T>* loss,
                             const T* logits, const std::int32_t* labels, double* meter) {
  if (rows == 0) return;
  with_row_shape(classes, [&]<int lanes, int kept>() {
    launch(exec, {"meter_add_images", row_blocks(rows, lanes), kRowThreads}, meter_add_images_kernel<T, lanes, kept>,
           rows, classes, loss, logits, labels, meter);
  });
}

template <>
template <class T>
void Meter<Cuda>::add_batch(const Exec& exec, const double* level, const T* loss, double* meter) {
  launch(exec, {"meter_add_batch", 1, 32}, meter_add_batch_kernel, level, loss, meter);
}

template <>
template <class T>
void Meter<Cuda>::add_flooded(const Exec& exec, const T* flooded, double* meter) {
  launch(exec, {"meter_add_flooded", 1, 32}, meter_add_flooded_kernel, flooded, meter);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&Meter<Cuda>::add_images<T>); });
[[gnu::used]] constexpr auto kLossInstances = instantiate(CudaMasterTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Meter<Cuda>::add_batch<T>, &Meter<Cuda>::add_flooded<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// Augmented images y [N,H,W,C] out of u8 images [D,H,W,C] that live on the device, and their labels. A thread writes a
// pack of neighbouring elements of one image. Bound by bytes: reads N*H*W*C, writes sizeof(T) times as many; the table
// of normalised values lies in shared memory, where an access of a warp to any 32 of them takes few turns.
#include <sluice/kernels/augment.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

// One image as the kernel counts: in 32 bits.
struct ImageShape {
  int height, width, channels;
  __device__ __forceinline__ int size() const { return height * width * channels; }
};

// Element `i` of the augmented image: the pixel that the crop shows there, black outside of the image.
__device__ __forceinline__ float element_at(const ImageShape& shape, const CropFlipCutout& decision, int cutout,
                                            const std::uint8_t* image, const float* values, int i) {
  const int channel = i % shape.channels, pixel = i / shape.channels;
  const int row = pixel / shape.width, column = pixel % shape.width;
  const int down = row - static_cast<int>(decision.cutout_top), right = column - static_cast<int>(decision.cutout_left);
  if (down >= 0 && down < cutout && right >= 0 && right < cutout) return 0;
  const int source_row = row + static_cast<int>(decision.top);
  const int source_column = (decision.mirrored ? shape.width - 1 - column : column) + static_cast<int>(decision.left);
  const bool inside = source_row >= 0 && source_row < shape.height && source_column >= 0 && source_column < shape.width;
  const int pixel_value =
      inside ? image[(static_cast<std::int64_t>(source_row) * shape.width + source_column) * shape.channels + channel]
             : 0;
  return values[channel * 256 + pixel_value];
}

// `staged`: values of the table that fit in shared memory, all or none.
template <class T, int width>
__global__ void __launch_bounds__(kPackThreads)
    augment_kernel(AugmentGeometry g, int staged, std::uint64_t seed, const double* epoch, const std::int64_t* which,
                   const std::uint8_t* images, const float* values, T* y) {
  SHARED_DYNAMIC(float, table);
  for (int i = static_cast<int>(threadIdx.x); i < staged; i += kPackThreads) table[i] = values[i];
  __syncthreads();
  const float* normalised = staged > 0 ? table : values;
  const ImageShape shape{static_cast<int>(g.height), static_cast<int>(g.width), static_cast<int>(g.channels)};
  const int first = (static_cast<int>(blockIdx.y) * kPackThreads + static_cast<int>(threadIdx.x)) * width;
  if (first >= shape.size()) return;
  for (std::int64_t n = blockIdx.x; n < g.samples; n += gridDim.x) {
    const std::int64_t sample = which[n];
    const CropFlipCutout decision = decide(g, seed, static_cast<std::int64_t>(*epoch), sample);
    const std::uint8_t* image = images + sample * shape.size();
    Pack<T, width> result;
    UNROLL for (int i = 0; i < width; ++i) result[i] =
        from_float<T>(element_at(shape, decision, static_cast<int>(g.options.cutout), image, normalised, first + i));
    store_pack(y, n * shape.size() + first, result);
  }
}

__global__ void __launch_bounds__(kPackThreads)
    gather_labels_kernel(std::int64_t samples, const std::int64_t* which, const std::int32_t* labels,
                         std::int32_t* gathered) {
  const auto n = global_thread<std::int64_t>();
  if (n < samples) gathered[n] = labels[which[n]];
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Augment<Cuda>::images(const Exec& exec, const AugmentGeometry& g, std::uint64_t seed, const double* epoch,
                           const std::int64_t* which, const std::uint8_t* images, const float* values, T* y) {
  const std::int64_t size = g.height * g.width * g.channels;
  require(size < std::int64_t{1} << 30, "augment", "expects images of less than 2^30 elements, got ", size);
  if (g.samples * size == 0) return;
  constexpr std::int64_t most_staged = (48 << 10) / sizeof(float);
  const auto staged = static_cast<int>(g.channels * 256 <= most_staged ? g.channels * 256 : 0);
  const auto run = [&]<int width>(std::integral_constant<int, width>) {
    const dim3 grid(blocks_for(g.samples, 1), blocks_for(size, kPackThreads, width));
    launch(exec, {"augment", grid, kPackThreads, static_cast<std::size_t>(staged) * sizeof(float)},
           augment_kernel<T, width>, g, staged, seed, epoch, which, images, values, y);
  };
  if (size % 4 == 0 && all_aligned(4 * sizeof(T), y))
    run(std::integral_constant<int, 4>{});
  else
    run(std::integral_constant<int, 1>{});
}

template <>
void Augment<Cuda>::labels(const Exec& exec, std::int64_t samples, const std::int64_t* which,
                           const std::int32_t* labels, std::int32_t* gathered) {
  if (samples == 0) return;
  launch(exec, {"gather_labels", blocks_for(samples, kPackThreads), kPackThreads}, gather_labels_kernel, samples, which,
         labels, gathered);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&Augment<Cuda>::images<T>); });

}  // namespace sluice::kernels

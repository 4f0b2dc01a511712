// SPDX-License-Identifier: Apache-2.0
// Dropout of n elements, a thread for each Philox counter, that is four elements. Bound by bytes: x read, y written;
// ten rounds of Philox a thread hide behind them.
#include <sluice/kernels/dropout.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

enum class Access : std::uint8_t { packs, elements };

// A dropped element is 0 even where x is infinite.
template <class T>
__device__ __forceinline__ T kept_or_zero(std::uint32_t word, float probability, float scale, T x) {
  return from_float<T>(uniform(word) >= probability ? scale * to_float(x) : 0.0f);
}

template <Access access, class T>
__global__ void __launch_bounds__(kPackThreads)
    dropout_kernel(DropoutMask mask, float probability, float scale, std::int64_t n, const T* x, T* y) {
  const auto group = global_thread<std::int64_t>();
  const std::int64_t first = 4 * group;
  if (first >= n) return;
  const PhiloxWords words =
      philox({mask.seed}, {static_cast<std::uint32_t>(RandomPurpose::dropout), static_cast<std::uint32_t>(*mask.step),
                           static_cast<std::uint64_t>(group)});
  if (access == Access::packs && first + 4 <= n) {
    auto values = load_pack<T, 4>(x, first);
    UNROLL for (int k = 0; k < 4; ++k) values[k] = kept_or_zero(words[k], probability, scale, values[k]);
    store_pack(y, first, values);
  } else {
    UNROLL for (int k = 0; k < 4; ++k) if (first + k < n) y[first + k] =
        kept_or_zero(words[k], probability, scale, x[first + k]);
  }
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Dropout<Cuda>::apply(const Exec& exec, const DropoutMask& mask, std::int64_t n, const T* x, T* y) {
  if (n == 0) return;
  const auto run = [&](auto kernel) {
    launch(exec, {"dropout", blocks_for(n, kPackThreads, 4), kPackThreads}, kernel, mask,
           static_cast<float>(mask.probability), static_cast<float>(1 / (1 - mask.probability)), n, x, y);
  };
  if (all_aligned(4 * sizeof(T), x, y))
    run(dropout_kernel<Access::packs, T>);
  else
    run(dropout_kernel<Access::elements, T>);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&Dropout<Cuda>::apply<T>); });

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels of one shape: out[i] = f(in[i]...) in float, for i in [0, n). Bound by bytes: every array is
// moved once, 16 bytes a thread and instruction where the pointers allow it. Arrays may be the very memory of each
// other.
#pragma once

#include <sluice/kernels/cuda/device.h>

namespace sluice::kernels::cuda {

template <int width, class F, class Out, class... In>
__global__ void __launch_bounds__(256) map_kernel(std::int64_t n, F f, Out* out, const In*... in) {
  const std::int64_t first = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  const std::int64_t packs = n / width;
  for (std::int64_t pack = first; pack < packs; pack += stride) {
    const auto apply = [&](Pack<In, width>... values) {
      Pack<Out, width> result;
      UNROLL for (int i = 0; i < width; ++i) result[i] = from_float<Out>(f(to_float(values[i])...));
      reinterpret_cast<Pack<Out, width>*>(out)[pack] = result;
    };
    apply(reinterpret_cast<const Pack<In, width>*>(in)[pack]...);
  }
  for (std::int64_t i = packs * width + first; i < n; i += stride) out[i] = from_float<Out>(f(to_float(in[i])...));
}

// F has `float operator()(float...) const` for the device.
template <class F, class Out, class... In>
void map(const Exec& exec, const char* name, std::int64_t n, const F& f, Out* out, const In*... in) {
  if (n == 0) return;
  constexpr std::size_t largest = std::max({sizeof(Out), sizeof(In)...});
  constexpr int width = static_cast<int>(16 / largest);
  constexpr unsigned block = 256, most_blocks = 132 * 16;
  const auto aligned = [](const auto* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0; };
  if (aligned(out) && (aligned(in) && ...))
    launch(exec, {name, blocks_for(n, block, width, most_blocks), block}, map_kernel<width, F, Out, In...>, n, f, out,
           in...);
  else
    launch(exec, {name, blocks_for(n, block, 1, most_blocks), block}, map_kernel<1, F, Out, In...>, n, f, out, in...);
}

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
// Winograd's minimal filtering F(4x4, 3x3) for 3x3 convolutions of stride 1, on NHWC as it lies: a quarter of the
// multiplications of the direct form. No layout changes; tiles are transformed, multiplied and transformed back in
// blocks that stay in a core's cache. Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
// CVPR 2016, section 4.3: y = A' [ (G g G') . (B' d B) ] A for each 6x6 tile d of the input and each 4x4 tile y.
//
// Arithmetic is f32; activations may be f32 or bf16. Bits do not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/types.h>

namespace sluice::kernels::cpu {

// x [N,H,W,C], weight [K,3,3,C], y [N,P,Q,K] with P = H + 2*padding_height - 2, Q likewise.
struct WinogradShape {
  std::int64_t batch, height, width, in_channels, out_channels, padding_height, padding_width;

  std::int64_t out_height() const { return height + 2 * padding_height - 2; }
  std::int64_t out_width() const { return width + 2 * padding_width - 2; }
  // Channels in multiples of 16, padding of 0 to 2, a result that is not empty.
  bool supported() const;
};

// Scratch is aligned to 64 bytes. Its sizes depend on the number of threads.
std::size_t winograd_forward_scratch_bytes(const WinogradShape& shape);
std::size_t winograd_backward_input_scratch_bytes(const WinogradShape& shape);
std::size_t winograd_backward_weight_scratch_bytes(const WinogradShape& shape);

// `bias` [K] may be nullptr.
template <class T>
void winograd_forward(const WinogradShape& shape, const T* x, const float* weight, const float* bias, T* y,
                      void* scratch);
template <class T>
void winograd_backward_input(const WinogradShape& shape, const float* weight, const T* dy, T* dx, void* scratch);
template <class T>
void winograd_backward_weight(const WinogradShape& shape, const T* x, const T* dy, float* dweight, void* scratch);

}  // namespace sluice::kernels::cpu

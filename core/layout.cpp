// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/archive.h>

namespace sluice {
namespace {

// to[outer][j][i] = from[outer][i][j], for elements of any type of that width.
template <class Word>
void swap_inner(const void* from, void* to, std::int64_t outer, std::int64_t rows, std::int64_t columns) {
  const Word* source = static_cast<const Word*>(from);
  Word* target = static_cast<Word*>(to);
  for (std::int64_t block = 0; block < outer; ++block, source += rows * columns, target += rows * columns)
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j) target[j * rows + i] = source[i * columns + j];
}

// A tensor seen as [outer, rows, columns], as [outer, columns, rows] of the given shape, on the same device.
Tensor swapped(const Tensor& tensor, const Shape& shape, std::int64_t rows, std::int64_t columns) {
  const Tensor source = tensor.to(Device{});
  Tensor target = Tensor::empty(shape, tensor.dtype());
  const std::int64_t outer = shape[0];
  switch (size_of(tensor.dtype())) {
    case 8: swap_inner<std::uint64_t>(source.raw(), target.raw_to_write(), outer, rows, columns); break;
    case 4: swap_inner<std::uint32_t>(source.raw(), target.raw_to_write(), outer, rows, columns); break;
    case 2: swap_inner<std::uint16_t>(source.raw(), target.raw_to_write(), outer, rows, columns); break;
    default: swap_inner<std::uint8_t>(source.raw(), target.raw_to_write(), outer, rows, columns);
  }
  return target.to(tensor.device());
}

}  // namespace

Tensor to_pytorch_layout(const Tensor& tensor) {
  const Shape& krsc = tensor.shape();
  if (krsc.rank() != 4) return tensor;
  return swapped(tensor, {krsc[0], krsc[3], krsc[1], krsc[2]}, krsc[1] * krsc[2], krsc[3]);
}

Tensor from_pytorch_layout(const Tensor& tensor) {
  const Shape& kcrs = tensor.shape();
  if (kcrs.rank() != 4) return tensor;
  return swapped(tensor, {kcrs[0], kcrs[2], kcrs[3], kcrs[1]}, kcrs[1], kcrs[2] * kcrs[3]);
}

}  // namespace sluice

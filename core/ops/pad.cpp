// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pad.h>

#include <algorithm>
#include <array>

#include <sluice/kernels/pad.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {

Variable pad_channels(const Variable& x, std::int64_t before, std::int64_t after) {
  const Shape from = x.shape();
  require(from.rank() >= 1 && from[-1] > 0, "pad_channels", "expects [...,C] with at least one channel, got ", from);
  require(before >= 0 && after >= 0, "pad_channels", "expects counts of at least 0, got ", before, " and ", after);
  std::array<std::int64_t, Shape::kMaxRank> extents{};
  std::ranges::copy(from.extents(), extents.begin());
  const auto rank = static_cast<std::size_t>(from.rank());
  extents[rank - 1] += before + after;
  const kernels::ChannelPadding padding{
      .rows = from.size() / from[-1], .channels = from[-1], .before = before, .after = after};
  Tensor y = Tensor::empty(Shape(std::span<const std::int64_t>(extents.data(), rank)), x.dtype(), x.value().device());
  with_float_type(x.dtype(), "pad_channels", [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(y), pad_channels_forward, padding, x.value().ptr<T>(), y.ptr<T>());
  });
  return record("pad_channels", y, {&x}, [padding, from](Tensor dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(from, dy.dtype(), dy.device());
    with_float_type(dy.dtype(), "pad_channels", [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(dy), pad_channels_backward, padding, dy.ptr<T>(), dx.ptr<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

}  // namespace sluice::ops

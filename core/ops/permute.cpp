// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <numeric>

#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/shape.h>
#include <sluice/core/strided_view.h>

namespace sluice::ops {
namespace {

Variable permuted(const char* op, const Variable& x, const std::vector<int>& axes) {
  std::vector<int> inverse(axes.size());
  for (std::size_t k = 0; k < axes.size(); ++k) inverse[static_cast<std::size_t>(axes[k])] = static_cast<int>(k);
  return record(op, contiguous(op, StridedView(x.value()).permute(axes)), {&x},
                [op, inverse](const Tensor& dy, Gradients& gradients) {
                  gradients.add(0, contiguous(op, StridedView(dy).permute(inverse)));
                });
}

std::string listed(const std::vector<int>& axes) {
  std::string text;
  for (const int axis : axes) text += (text.empty() ? "" : ",") + std::to_string(axis);
  return text;
}

}  // namespace

Variable permute(const Variable& x, const std::vector<int>& axes) {
  const int rank = x.shape().rank();
  std::vector<int> order, found(static_cast<std::size_t>(rank), 0);
  for (const int axis : axes) {
    order.push_back(checked_axis("permute", axis, rank));
    ++found[static_cast<std::size_t>(order.back())];
  }
  require(std::ranges::all_of(found, [](int count) { return count == 1; }), "permute", "expects every axis of x ",
          x.shape(), " once, got ", listed(axes));
  return permuted("permute", x, order);
}

Variable transpose(const Variable& x, int axis, int other) {
  const int rank = x.shape().rank();
  std::vector<int> axes(static_cast<std::size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  std::swap(axes[static_cast<std::size_t>(checked_axis("transpose", axis, rank))],
            axes[static_cast<std::size_t>(checked_axis("transpose", other, rank))]);
  return permuted("transpose", x, axes);
}

Variable squeeze(const Variable& x, int axis) {
  const int at = checked_axis("squeeze", axis, x.shape().rank());
  require(x.shape()[at] == 1, "squeeze", "expects an axis of extent 1, got axis ", axis, " of ", x.shape());
  std::vector<std::int64_t> extents(x.shape().extents().begin(), x.shape().extents().end());
  extents.erase(extents.begin() + at);
  return reshape(x, Shape(std::span<const std::int64_t>(extents)));
}

Variable squeeze(const Variable& x) {
  std::vector<std::int64_t> extents(x.shape().extents().begin(), x.shape().extents().end());
  std::erase(extents, 1);
  return reshape(x, Shape(std::span<const std::int64_t>(extents)));
}

Variable unsqueeze(const Variable& x, int axis) {
  const int at = checked_axis("unsqueeze", axis, x.shape().rank() + 1);
  std::vector<std::int64_t> extents(x.shape().extents().begin(), x.shape().extents().end());
  extents.insert(extents.begin() + at, 1);
  return reshape(x, Shape(std::span<const std::int64_t>(extents)));
}

Variable pixel_shuffle(const Variable& x, std::int64_t r) {
  const Shape& from = x.shape();
  require(from.rank() == 4 && r >= 1 && from[3] % (r * r) == 0, "pixel_shuffle", "expects [N,H,W,C*r*r] for r = ", r,
          ", got ", from);
  const std::int64_t channels = from[3] / (r * r);
  const Variable squares =
      permuted("pixel_shuffle", reshape(x, {from[0], from[1], from[2], channels, r, r}), {0, 1, 4, 2, 5, 3});
  return reshape(squares, {from[0], from[1] * r, from[2] * r, channels});
}

Variable pixel_unshuffle(const Variable& x, std::int64_t r) {
  const Shape& from = x.shape();
  require(from.rank() == 4 && r >= 1 && from[1] % r == 0 && from[2] % r == 0, "pixel_unshuffle",
          "expects [N,H*r,W*r,C] for r = ", r, ", got ", from);
  const Variable squares =
      permuted("pixel_unshuffle", reshape(x, {from[0], from[1] / r, r, from[2] / r, r, from[3]}), {0, 1, 3, 5, 2, 4});
  return reshape(squares, {from[0], from[1] / r, from[2] / r, from[3] * r * r});
}

}  // namespace sluice::ops

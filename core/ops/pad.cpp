// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pad.h>

#include <vector>

#include <sluice/core/strided_view.h>

namespace sluice::ops {
namespace {

// An axis of extent n and its borders.
struct Padding {
  int axis;
  std::int64_t before, n, after;

  StridedView inside(const StridedView& padded) const { return padded.slice(axis, before, n); }
  StridedView first(const StridedView& padded) const { return padded.slice(axis, 0, before); }
  StridedView last(const StridedView& padded) const { return padded.slice(axis, before + n, after); }
  // The pixels inside that reflect into first() and last().
  StridedView first_mirrored(const StridedView& padded) const { return padded.slice(axis, 2 * before, before, -1); }
  StridedView last_mirrored(const StridedView& padded) const { return padded.slice(axis, before + n - 2, after, -1); }
  StridedView first_edge(const StridedView& padded) const { return padded.slice(axis, before, 1); }
  StridedView last_edge(const StridedView& padded) const { return padded.slice(axis, before + n - 1, 1); }
};

// Fills the borders of one axis from what is inside.
void fill_borders(const char* op, const Padding& p, PadMode mode, const StridedView& padded) {
  if (mode == PadMode::reflect) {
    copy(op, p.first_mirrored(padded), p.first(padded));
    copy(op, p.last_mirrored(padded), p.last(padded));
  } else {
    if (p.before > 0) copy(op, p.first_edge(padded).expand(p.axis, p.before), p.first(padded));
    if (p.after > 0) copy(op, p.last_edge(padded).expand(p.axis, p.after), p.last(padded));
  }
}

// Adds the gradients of the borders to those of the pixels that they came from.
void fold_borders(const char* op, const Padding& p, PadMode mode, const StridedView& padded) {
  if (mode == PadMode::reflect) {
    add(op, p.first(padded), p.first_mirrored(padded));
    add(op, p.last(padded), p.last_mirrored(padded));
  } else {
    if (p.before > 0) add(op, fold(op, p.first(padded), p.axis), p.first_edge(padded));
    if (p.after > 0) add(op, fold(op, p.last(padded), p.axis), p.last_edge(padded));
  }
}

Tensor padded(const char* op, const Tensor& x, const std::vector<Padding>& paddings, PadMode mode, double value) {
  Shape shape = x.shape();
  for (const Padding& p : paddings) shape = with_extent(shape, p.axis, p.before + p.n + p.after);
  Tensor y = Tensor::empty(shape, x.dtype(), x.device());
  if (mode == PadMode::constant) value == 0 ? y.fill_zero() : y.fill(value);
  // views[k]: inside the borders of all axes after k.
  std::vector<StridedView> views{StridedView(y)};
  for (auto p = paddings.rbegin(); p != paddings.rend(); ++p) views.push_back(p->inside(views.back()));
  copy(op, StridedView(x), views.back());
  if (mode == PadMode::constant) return y;
  for (std::size_t k = 0; k < paddings.size(); ++k) fill_borders(op, paddings[k], mode, views[paddings.size() - 1 - k]);
  return y;
}

Tensor gradient_inside(const char* op, Tensor dy, const std::vector<Padding>& paddings, PadMode mode) {
  Tensor work = mode == PadMode::constant || dy.unique() ? std::move(dy) : dy.clone();
  StridedView view(work);
  for (auto p = paddings.rbegin(); p != paddings.rend(); ++p) {
    if (mode != PadMode::constant) fold_borders(op, *p, mode, view);
    view = p->inside(view);
  }
  return contiguous(op, view);
}

Variable pad_axes(const char* op, const Variable& x, const std::vector<Padding>& paddings, PadMode mode, double value) {
  for (const Padding& p : paddings) {
    require(p.before >= 0 && p.after >= 0, op, "expects counts of at least 0, got ", p.before, " and ", p.after);
    const std::int64_t most = std::max(p.before, p.after);
    if (mode == PadMode::reflect)
      require(most == 0 || most < p.n, op, "by reflection expects borders narrower than the image, got ", most,
              " for an extent of ", p.n);
    if (mode == PadMode::replicate)
      require(most == 0 || p.n > 0, op, "by replication expects at least one pixel, got ", x.shape());
  }
  return record(op, padded(op, x.value(), paddings, mode, value), {&x}, [=](Tensor dy, Gradients& gradients) {
    gradients.add(0, gradient_inside(op, std::move(dy), paddings, mode));
  });
}

}  // namespace

Variable pad(const Variable& x, const Border& border, PadMode mode, double value) {
  const Shape& from = x.shape();
  require(from.rank() == 4, "pad", "expects [N,H,W,C], got ", from);
  return pad_axes("pad", x, {{2, border.left, from[2], border.right}, {1, border.top, from[1], border.bottom}}, mode,
                  value);
}

Variable pad_channels(const Variable& x, std::int64_t before, std::int64_t after) {
  const Shape& from = x.shape();
  require(from.rank() >= 1 && from[-1] > 0, "pad_channels", "expects [...,C] with at least one channel, got ", from);
  return pad_axes("pad_channels", x, {{from.rank() - 1, before, from[-1], after}}, PadMode::constant, 0);
}

}  // namespace sluice::ops

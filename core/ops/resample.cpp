// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/resample.h>

#include <algorithm>

#include <sluice/kernels/resample.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::ResampleGeometry;
using kernels::ResampleKind;

ResampleGeometry geometry_of(const char* op, const Shape& x, Extent2 size, ResampleKind kind) {
  require(x.rank() == 4 && x[1] > 0 && x[2] > 0 && x[3] > 0, op, "expects images [N,H,W,C], got ", x);
  require(size.height > 0 && size.width > 0, op, "expects a size of at least 1x1, got ", size);
  require(std::max({x[1], x[2], size.height, size.width}) <= kernels::kMaxResampled, op, "expects at most ",
          kernels::kMaxResampled, " rows and columns, got images ", x, " and size ", size);
  const auto axis = [kind](std::int64_t extent, std::int64_t results) {
    return kernels::ResampleAxis{static_cast<std::int32_t>(extent), static_cast<std::int32_t>(results), kind};
  };
  return {x[0], x[3], axis(x[1], size.height), axis(x[2], size.width)};
}

Tensor result_of(const ResampleGeometry& g, const Variable& x) {
  return Tensor::empty({g.batch, g.vertical.results, g.horizontal.results, g.channels}, x.dtype(), x.value().device());
}

Variable weighted(const char* op, const Variable& x, const ResampleGeometry& g) {
  Tensor y = result_of(g, x);
  const Exec exec = exec_of(y);
  dispatch(exec, x.dtype(), op, [&]<class Device, class T>() {
    kernels::Resample<Device>::forward(exec, g, x.value().data<T>(), y.mutable_data<T>());
  });
  return record(op, y, {&x}, [op, g, from = x.shape()](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(from, dy.dtype(), dy.device());
    dispatch(exec_of(dy), dy.dtype(), op, [&]<class Device, class T>() {
      kernels::Resample<Device>::backward(exec_of(dy), g, dy.data<T>(), dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

}  // namespace

Variable adaptive_avg_pool2d(const Variable& x, Extent2 size) {
  constexpr const char* op = "adaptive_avg_pool2d";
  return weighted(op, x, geometry_of(op, x.shape(), size, ResampleKind::bins));
}

Variable adaptive_max_pool2d(const Variable& x, Extent2 size) {
  constexpr const char* op = "adaptive_max_pool2d";
  const ResampleGeometry g = geometry_of(op, x.shape(), size, ResampleKind::bins);
  Tensor y = result_of(g, x);
  Tensor index = x.wants_gradient() ? Tensor::empty(y.shape(), DType::i32, y.device()) : Tensor{};
  const Exec exec = exec_of(y);
  dispatch(exec, x.dtype(), op, [&]<class Device, class T>() {
    kernels::Resample<Device>::largest_forward(exec, g, x.value().data<T>(), y.mutable_data<T>(),
                                               index.mutable_data<std::int32_t>());
  });
  return record(op, y, {&x}, [g, index, from = x.shape()](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(from, dy.dtype(), dy.device());
    dispatch(exec_of(dy), dy.dtype(), op, [&]<class Device, class T>() {
      kernels::Resample<Device>::largest_backward(exec_of(dy), g, index.data<std::int32_t>(), dy.data<T>(),
                                                  dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

Variable interpolate(const Variable& x, Extent2 size, const InterpolateOptions& options) {
  constexpr const char* op = "interpolate";
  const bool nearest = options.mode == InterpolateOptions::Mode::nearest;
  require(!nearest || !options.align_corners, op, "expects align_corners with bilinear only");
  const ResampleKind kind = nearest                 ? ResampleKind::nearest
                            : options.align_corners ? ResampleKind::linear_corners
                                                    : ResampleKind::linear;
  return weighted(op, x, geometry_of(op, x.shape(), size, kind));
}

}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pool.h>

#include <algorithm>

#include <sluice/kernels/pool.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::PoolGeometry;

void check_image(const char* op, const Shape& shape) {
  require(shape.rank() == 4 && shape[1] > 0 && shape[2] > 0 && shape[3] > 0, op, "expects images [N,H,W,C], got ",
          shape);
}

PoolGeometry geometry_of(const char* op, const Shape& shape, const Pool2dOptions& options) {
  check_image(op, shape);
  const auto& [kernel, stride, padding] = options;
  // Kernels count rows and columns in 32 bits.
  constexpr std::int64_t most = 1 << 30;
  require(std::max({shape[1], shape[2], kernel.height, kernel.width, stride.height, stride.width, padding.height,
                    padding.width}) <= most,
          op, "expects images, kernel, stride and padding of at most ", most, " rows and columns, got images ", shape,
          ", kernel ", kernel, ", stride ", stride, ", padding ", padding);
  require(kernel.height > 0 && kernel.width > 0, op, "expects a kernel of at least 1x1, got ", kernel);
  require(stride.height > 0 && stride.width > 0, op, "expects a stride of at least 1x1, got ", stride);
  require(padding.height >= 0 && padding.width >= 0 && 2 * padding.height <= kernel.height &&
              2 * padding.width <= kernel.width,
          op, "expects padding from 0 to half the kernel ", kernel, ", got ", padding);
  const std::int64_t free_height = shape[1] + 2 * padding.height - kernel.height;
  const std::int64_t free_width = shape[2] + 2 * padding.width - kernel.width;
  require(free_height >= 0 && free_width >= 0, op, "expects images of at least the kernel ", kernel, " with padding ",
          padding, ", got ", shape);
  return {.batch = shape[0],
          .height = shape[1],
          .width = shape[2],
          .channels = shape[3],
          .window_height = kernel.height,
          .window_width = kernel.width,
          .stride_height = stride.height,
          .stride_width = stride.width,
          .pad_height = padding.height,
          .pad_width = padding.width,
          .out_height = free_height / stride.height + 1,
          .out_width = free_width / stride.width + 1};
}

Tensor result_of(const PoolGeometry& g, const Variable& x) {
  return Tensor::empty({g.batch, g.out_height, g.out_width, g.channels}, x.dtype(), x.value().device());
}

}  // namespace

Variable max_pool2d(const Variable& x, const Pool2dOptions& options) {
  const PoolGeometry geometry = geometry_of("max_pool2d", x.shape(), options);
  require(geometry.window_height * geometry.window_width <= kernels::kMaxPoolWindow, "max_pool2d",
          "expects a kernel of at most ", kernels::kMaxPoolWindow, " elements, got ", options.kernel);
  Tensor y = result_of(geometry, x);
  Tensor offsets = x.wants_gradient() ? Tensor::empty(y.shape(), DType::u8, y.device()) : Tensor{};
  dispatch(exec_of(y), x.dtype(), "max_pool2d", [&]<class Device, class T>() {
    kernels::MaxPool2d<Device>::forward(exec_of(y), geometry, x.value().data<T>(), y.mutable_data<T>(),
                                        offsets.mutable_data<std::uint8_t>());
  });
  return record("max_pool2d", y, {&x}, [geometry, offsets, from = x.shape()](Tensor dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(from, dy.dtype(), dy.device());
    dispatch(exec_of(dy), dy.dtype(), "max_pool2d", [&]<class Device, class T>() {
      kernels::MaxPool2d<Device>::backward(exec_of(dy), geometry, offsets.data<std::uint8_t>(), dy.data<T>(),
                                           dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

Variable avg_pool2d(const Variable& x, const Pool2dOptions& options) {
  const PoolGeometry geometry = geometry_of("avg_pool2d", x.shape(), options);
  Tensor y = result_of(geometry, x);
  dispatch(exec_of(y), x.dtype(), "avg_pool2d", [&]<class Device, class T>() {
    kernels::AvgPool2d<Device>::forward(exec_of(y), geometry, x.value().data<T>(), y.mutable_data<T>());
  });
  return record("avg_pool2d", y, {&x}, [geometry, from = x.shape()](Tensor dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(from, dy.dtype(), dy.device());
    dispatch(exec_of(dy), dy.dtype(), "avg_pool2d", [&]<class Device, class T>() {
      kernels::AvgPool2d<Device>::backward(exec_of(dy), geometry, dy.data<T>(), dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

Variable global_average_pool(const Variable& x) {
  const Shape from = x.shape();
  check_image("global_average_pool", from);
  Tensor y = Tensor::empty({from[0], from[3]}, x.dtype(), x.value().device());
  dispatch(exec_of(y), x.dtype(), "global_average_pool", [&]<class Device, class T>() {
    kernels::GlobalAveragePool<Device>::forward(exec_of(y), from[0], from[1] * from[2], from[3], x.value().data<T>(),
                                                y.mutable_data<T>());
  });
  return record("global_average_pool", y, {&x}, [from](Tensor dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(from, dy.dtype(), dy.device());
    dispatch(exec_of(dy), dy.dtype(), "global_average_pool", [&]<class Device, class T>() {
      kernels::GlobalAveragePool<Device>::backward(exec_of(dy), from[0], from[1] * from[2], from[3], dy.data<T>(),
                                                   dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

}  // namespace sluice::ops

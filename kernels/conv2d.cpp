// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/conv2d.h>

#include <algorithm>
#include <utility>

#include <sluice/base/error.h>

namespace sluice::kernels {
namespace {

using Extents = std::array<std::int64_t, 4>;

bool bytes_fit(const Extents& extents) {
  std::int64_t product = 8;
  for (const std::int64_t extent : extents)
    if (__builtin_mul_overflow(product, extent, &product)) return false;
  return true;
}

std::string text(const Extents& extents) {
  return concat("[", extents[0], ",", extents[1], ",", extents[2], ",", extents[3], "]");
}

// The results along one axis.
std::int64_t results(const char* axis, std::int64_t extent, std::int64_t kernel, std::int64_t stride,
                     std::int64_t padding, std::int64_t dilation) {
  // Below this no product or sum of two of them overflows.
  constexpr std::int64_t most = 1 << 30;
  require(std::max({extent, kernel, stride, padding, dilation}) <= most, "conv2d", axis,
          " expects image, kernel, stride, padding and dilation of at most ", most, ", got ", extent, ", ", kernel,
          ", ", stride, ", ", padding, " and ", dilation);
  require(stride >= 1, "conv2d", axis, " expects a stride of at least 1, got ", stride);
  require(padding >= 0, "conv2d", axis, " expects padding of at least 0, got ", padding);
  require(dilation >= 1, "conv2d", axis, " expects a dilation of at least 1, got ", dilation);
  const std::int64_t padded = extent + 2 * padding, reach = dilation * (kernel - 1) + 1;
  require(reach <= padded, "conv2d", axis, " expects an image of at least ", reach, " with its padding, got ", padded);
  return (padded - reach) / stride + 1;
}

}  // namespace

Conv2dShape Conv2dShape::make(const std::array<std::int64_t, 4>& x, const std::array<std::int64_t, 4>& weight,
                              const Conv2dWindow& window) {
  for (const std::int64_t extent : x)
    require(extent >= 1, "conv2d", "x expects images [N,H,W,C] that are not empty, got ", text(x));
  for (const std::int64_t extent : weight)
    require(extent >= 1, "conv2d", "weight expects [K,R,S,C/groups] that is not empty, got ", text(weight));
  const std::int64_t groups = window.groups;
  require(groups >= 1, "conv2d", "expects at least 1 group, got ", groups);
  require(x[3] % groups == 0 && weight[0] % groups == 0, "conv2d", "expects channels in ", groups,
          " equal groups, got ", x[3], " in and ", weight[0], " out");
  require(weight[3] * groups == x[3], "conv2d", "weight expects ", weight[3] * groups, " input channels, got ", x[3],
          "; x is ", text(x), ", weight is ", text(weight), ", groups are ", groups);
  const Conv2dShape shape{
      .batch = x[0],
      .height = x[1],
      .width = x[2],
      .in_channels = x[3],
      .out_channels = weight[0],
      .kernel_height = weight[1],
      .kernel_width = weight[2],
      .out_height =
          results("height", x[1], weight[1], window.stride_height, window.padding_height, window.dilation_height),
      .out_width = results("width", x[2], weight[2], window.stride_width, window.padding_width, window.dilation_width),
      .window = window};
  // Sizes and bytes are counted in 63 bits.
  for (const auto& [name, extents] : {std::pair("x", x), std::pair("weight", weight),
                                      std::pair("y", Extents{x[0], shape.out_height, shape.out_width, weight[0]})})
    require(bytes_fit(extents), "conv2d", name, " expects at most 2^60 elements, got ", text(extents));
  return shape;
}

std::string Conv2dShape::description() const {
  const Conv2dWindow& w = window;
  return concat("x=", batch, "x", height, "x", width, "x", in_channels, " weight=", out_channels, "x", kernel_height,
                "x", kernel_width, " stride=", w.stride_height, "x", w.stride_width, " padding=", w.padding_height, "x",
                w.padding_width, " dilation=", w.dilation_height, "x", w.dilation_width, " groups=", w.groups,
                w.bias == Bias::present ? " bias" : "");
}

}  // namespace sluice::kernels

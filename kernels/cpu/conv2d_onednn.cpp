// SPDX-License-Identifier: Apache-2.0
// Convolution by oneDNN. Activations lie in NHWC and parameters in KRSC f32; what a primitive wants otherwise is made in
// scratch: packed weights, bf16 weights beside bf16 activations, blocked activations where that pays.
#include <dnnl.hpp>

#include "kernels/cpu/conv2d_algorithm.h"
#include "kernels/cpu/onednn.h"

namespace sluice::kernels::cpu {
namespace {

using onednn::Description;
using onednn::Extents;
using onednn::Layout;
using Element = dnnl::memory::data_type;

// direct: activations as they lie. direct_blocked: activations in oneDNN's own layout, sixteen channels together.
// winograd_blocked: F(4x4, 3x3) (Lavin and Gray, 2016), which oneDNN has for that layout only.
enum class How : std::uint8_t { direct, direct_blocked, winograd_blocked };

struct Descriptions {
  Description x, weight, bias, y;
};

// As the caller holds them.
template <class T>
Descriptions outside(const Conv2dShape& s) {
  const Extents x{s.batch, s.in_channels, s.height, s.width}, y{s.batch, s.out_channels, s.out_height, s.out_width};
  const std::int64_t groups = s.window.groups, k = s.out_channels / groups, c = s.in_channels / groups;
  const Description weight =
      groups == 1
          ? Description({k, c, s.kernel_height, s.kernel_width}, Element::f32, Layout::ohwi)
          : Description({groups, k, c, s.kernel_height, s.kernel_width}, Element::f32, Layout::gohwi);
  return {Description(x, onednn::element<T>(), Layout::nhwc), weight,
          s.window.bias == Bias::present ? Description({s.out_channels}, Element::f32, Layout::a) : Description(),
          Description(y, onednn::element<T>(), Layout::nhwc)};
}

// As the primitive may have them: `any` leaves the layout to it.
Descriptions wished(const Descriptions& given, How how, Element weight_element) {
  const auto any = [](const Description& d, Element element) { return Description(d.dims(), element, Layout::any); };
  Descriptions wish = given;
  wish.weight = any(given.weight, weight_element);
  if (how != How::direct) {
    wish.x = any(given.x, given.x.data_type());
    wish.y = any(given.y, given.y.data_type());
  }
  return wish;
}

struct Window {
  Extents strides, dilations, padding;

  explicit Window(const Conv2dWindow& w)
      : strides{w.stride_height, w.stride_width},
        dilations{w.dilation_height - 1, w.dilation_width - 1},
        padding{w.padding_height, w.padding_width} {}
  // What is read beyond the lower and right edge, which a stride may leave short of the padding.
  static Extents end(const Conv2dShape& s) {
    const Conv2dWindow& w = s.window;
    const auto beyond = [](std::int64_t results, std::int64_t stride, std::int64_t kernel, std::int64_t dilation,
                           std::int64_t extent, std::int64_t padding) {
      return (results - 1) * stride + (kernel - 1) * dilation + 1 - extent - padding;
    };
    return {beyond(s.out_height, w.stride_height, s.kernel_height, w.dilation_height, s.height, w.padding_height),
            beyond(s.out_width, w.stride_width, s.kernel_width, w.dilation_width, s.width, w.padding_width)};
  }
};

dnnl::algorithm algorithm_of(How how) {
  return how == How::winograd_blocked ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;
}

dnnl::convolution_forward::primitive_desc forward_desc(const Conv2dShape& s, How how, const Descriptions& wish) {
  const Window w(s.window);
  return {dnnl::convolution_forward::desc(dnnl::prop_kind::forward_training, algorithm_of(how), wish.x, wish.weight,
                                          wish.bias, wish.y, w.strides, w.dilations, w.padding, Window::end(s)),
          onednn::attributes(), onednn::engine(), true};
}

template <class T>
onednn::Program make_forward(const Conv2dShape& s, How how) {
  const Descriptions given = outside<T>(s);
  const auto desc = forward_desc(s, how, wished(given, how, onednn::element<T>()));
  std::vector<onednn::Operand> operands = {{DNNL_ARG_SRC, given.x, desc.src_desc()},
                                           {DNNL_ARG_WEIGHTS, given.weight, desc.weights_desc()},
                                           {DNNL_ARG_DST, given.y, desc.dst_desc()}};
  if (s.window.bias == Bias::present) operands.emplace_back(DNNL_ARG_BIAS, given.bias);
  return {dnnl::convolution_forward(desc), desc.scratchpad_desc(), operands};
}

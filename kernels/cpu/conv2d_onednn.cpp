// SPDX-License-Identifier: Apache-2.0
// Convolution by oneDNN. Activations lie in NHWC and parameters in KRSC f32; what a primitive wants otherwise is made
// in scratch: packed weights, bf16 weights beside bf16 activations, blocked activations where that pays.
#include <dnnl.hpp>
#include <optional>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/onednn.h>
#include <sluice/kernels/cpu/onednn_versions.h>

namespace sluice::kernels::cpu {
namespace {

using onednn::Description;
using onednn::Extents;
using onednn::Layout;
using onednn::Unimplemented;
using Element = dnnl::memory::data_type;

// direct: activations as they lie. direct_f32: bf16 activations widened, since not all of oneDNN's bf16 loops are fast.
// direct_blocked: activations in oneDNN's own layout, sixteen channels together. winograd_blocked: F(4x4, 3x3) (Lavin
// and Gray, 2016), which oneDNN has for that layout only.
enum class How : std::uint8_t { direct, direct_f32, direct_blocked, winograd_blocked };

struct Descriptions {
  Description x, weight, bias, y;
};

// As the caller holds them.
template <class T>
Descriptions outside(const Conv2dShape& s) {
  const Extents x{s.batch, s.in_channels, s.height, s.width}, y{s.batch, s.out_channels, s.out_height, s.out_width};
  const std::int64_t groups = s.window.groups, k = s.out_channels / groups, c = s.in_channels / groups;
  const Description weight =
      groups == 1 ? Description({k, c, s.kernel_height, s.kernel_width}, Element::f32, Layout::ohwi)
                  : Description({groups, k, c, s.kernel_height, s.kernel_width}, Element::f32, Layout::gohwi);
  return {Description(x, onednn::element<T>(), Layout::nhwc), weight,
          s.window.bias == Bias::present ? Description({s.out_channels}, Element::f32, Layout::a) : Description(),
          Description(y, onednn::element<T>(), Layout::nhwc)};
}

// What the primitive computes with.
template <class T>
constexpr Element element_of(How how) {
  return how == How::direct_f32 ? Element::f32 : onednn::element<T>();
}

// As the primitive may have them: `any` leaves the layout to it.
Descriptions wished(const Descriptions& given, How how, Element weight_element) {
  const auto any = [](const Description& d, Element element) {
    return Description(onednn::extents_of(d), element, Layout::any);
  };
  Descriptions wish = given;
  wish.weight = any(given.weight, weight_element);
  if (how == How::direct_f32) {
    wish.x = Description(onednn::extents_of(given.x), Element::f32, Layout::nhwc);
    wish.y = Description(onednn::extents_of(given.y), Element::f32, Layout::nhwc);
  } else if (how != How::direct) {
    wish.x = any(given.x, onednn::element_of(given.x));
    wish.y = any(given.y, onednn::element_of(given.y));
  }
  return wish;
}

dnnl::algorithm algorithm_of(How how) {
  return how == How::winograd_blocked ? dnnl::algorithm::convolution_winograd : dnnl::algorithm::convolution_direct;
}

struct Window {
  Extents strides, dilations, padding;

  explicit Window(const Conv2dWindow& w)
      : strides{w.stride_height, w.stride_width},
        dilations{w.dilation_height - 1, w.dilation_width - 1},
        padding{w.padding_height, w.padding_width} {}
};

// Empty where oneDNN has no such primitive, as the other two.
using ForwardDesc = dnnl::convolution_forward::primitive_desc;
using BackwardInputDesc = dnnl::convolution_backward_data::primitive_desc;
using BackwardWeightDesc = dnnl::convolution_backward_weights::primitive_desc;

ForwardDesc forward_desc(const Conv2dShape& s, How how, const Descriptions& wish) {
  const Window w(s.window);
  return onednn::describe<dnnl::convolution_forward>(
      Unimplemented::empty, onednn::attributes(), onednn::engine(), dnnl::prop_kind::forward_training,
      algorithm_of(how), wish.x, wish.weight, wish.bias, wish.y, w.strides, w.dilations, w.padding, w.padding);
}

// The backward passes are described beside a forward primitive of the same types.
template <class T>
ForwardDesc hint(const Conv2dShape& s, How how) {
  return forward_desc(s, how, wished(outside<T>(s), how, element_of<T>(how)));
}

template <class T>
BackwardInputDesc backward_input_desc(const Conv2dShape& s, How how) {
  const ForwardDesc forward = hint<T>(s, how);
  if (!forward) return {};
  const Descriptions wish = wished(outside<T>(s), how, element_of<T>(how));
  const Window w(s.window);
  return onednn::describe_backward<dnnl::convolution_backward_data>(
      Unimplemented::empty, forward, onednn::attributes(), onednn::engine(), algorithm_of(how), wish.x, wish.weight,
      wish.y, w.strides, w.dilations, w.padding, w.padding);
}

// The gradient of the weights is f32 also beside bf16.
template <class T>
BackwardWeightDesc backward_weight_desc(const Conv2dShape& s, How how) {
  const ForwardDesc forward = hint<T>(s, how);
  if (!forward) return {};
  const Descriptions wish = wished(outside<T>(s), how, Element::f32);
  const Window w(s.window);
  return onednn::describe_backward<dnnl::convolution_backward_weights>(
      Unimplemented::empty, forward, onednn::attributes(), onednn::engine(), algorithm_of(how), wish.x, wish.weight,
      wish.bias, wish.y, w.strides, w.dilations, w.padding, w.padding);
}

using MaybeProgram = std::optional<onednn::Program>;

template <class T>
MaybeProgram make_forward(const Conv2dShape& s, How how) {
  const Descriptions given = outside<T>(s);
  const ForwardDesc desc = hint<T>(s, how);
  if (!desc) return std::nullopt;
  std::vector<onednn::Operand> operands = {{DNNL_ARG_SRC, given.x, desc.src_desc()},
                                           {DNNL_ARG_WEIGHTS, given.weight, desc.weights_desc()},
                                           {DNNL_ARG_DST, given.y, desc.dst_desc()}};
  if (s.window.bias == Bias::present) operands.emplace_back(DNNL_ARG_BIAS, given.bias);
  return onednn::Program(dnnl::convolution_forward(desc), desc.scratchpad_desc(), operands);
}

template <class T>
MaybeProgram make_backward_input(const Conv2dShape& s, How how) {
  const Descriptions given = outside<T>(s);
  const BackwardInputDesc desc = backward_input_desc<T>(s, how);
  if (!desc) return std::nullopt;
  return onednn::Program(dnnl::convolution_backward_data(desc), desc.scratchpad_desc(),
                         {{DNNL_ARG_DIFF_SRC, given.x, desc.diff_src_desc()},
                          {DNNL_ARG_WEIGHTS, given.weight, desc.weights_desc()},
                          {DNNL_ARG_DIFF_DST, given.y, desc.diff_dst_desc()}});
}

template <class T>
MaybeProgram make_backward_weight(const Conv2dShape& s, How how) {
  const Descriptions given = outside<T>(s);
  const BackwardWeightDesc desc = backward_weight_desc<T>(s, how);
  if (!desc) return std::nullopt;
  std::vector<onednn::Operand> operands = {{DNNL_ARG_SRC, given.x, desc.src_desc()},
                                           {DNNL_ARG_DIFF_WEIGHTS, given.weight, desc.diff_weights_desc()},
                                           {DNNL_ARG_DIFF_DST, given.y, desc.diff_dst_desc()}};
  if (s.window.bias == Bias::present) operands.emplace_back(DNNL_ARG_DIFF_BIAS, given.bias);
  return onednn::Program(dnnl::convolution_backward_weights(desc), desc.scratchpad_desc(), operands);
}

template <class T, How how>
const MaybeProgram& program_for(Conv2dPass pass, const Conv2dShape& shape) {
  static onednn::Cache<std::pair<Conv2dPass, Conv2dShape>, MaybeProgram> programs;
  return programs.get({pass, shape}, [&]() -> MaybeProgram {
    try {
      switch (pass) {
        case Conv2dPass::forward: return make_forward<T>(shape, how);
        case Conv2dPass::backward_input: return make_backward_input<T>(shape, how);
        case Conv2dPass::backward_weight: return make_backward_weight<T>(shape, how);
      }
    } catch (const dnnl::error&) {
      // Out of its range; other algorithms take any shape.
    }
    return std::nullopt;
  });
}

// Beside bf16, a processor without AVX-512 gets oneDNN's reference loops, which are slower than ours.
template <class T>
bool worth_it() {
  static const bool wide =
      (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & static_cast<unsigned>(dnnl::cpu_isa::avx512_core)) ==
      static_cast<unsigned>(dnnl::cpu_isa::avx512_core);
  return std::is_same_v<T, float> || wide;
}

template <class T, How how>
bool supports(Conv2dPass pass, const Conv2dShape& s) {
  const Conv2dWindow& w = s.window;
  const bool unit_stride = w.stride_height == 1 && w.stride_width == 1;
  const bool sixteens = s.in_channels % 16 == 0 && s.out_channels % 16 == 0;
  if (how == How::winograd_blocked &&
      !(std::is_same_v<T, float> && unit_stride && sixteens && s.kernel_height == 3 && s.kernel_width == 3))
    return false;
  if (how == How::direct_f32 && (std::is_same_v<T, float> || pass != Conv2dPass::backward_weight)) return false;
  // The change of layout costs as much as a pass over both activations; it has paid beside strides only.
  if (how == How::direct_blocked && (unit_stride || !sixteens || pass != Conv2dPass::backward_weight)) return false;
  return worth_it<T>() && program_for<T, how>(pass, s).has_value();
}

template <class T, How how>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  return program_for<T, how>(pass, shape)->scratch_bytes();
}

template <class T, How how>
void run(Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const onednn::Program& program = *program_for<T, how>(pass, shape);
  const auto& [x, weight, bias, y] = operands;
  switch (pass) {
    case Conv2dPass::forward:
      return program.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, y}},
                         scratch);
    case Conv2dPass::backward_input:
      return program.run({{DNNL_ARG_DIFF_SRC, x}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_DIFF_DST, y}}, scratch);
    case Conv2dPass::backward_weight:
      return program.run(
          {{DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_WEIGHTS, weight}, {DNNL_ARG_DIFF_BIAS, bias}, {DNNL_ARG_DIFF_DST, y}},
          scratch);
  }
}

template <class T, How how>
constexpr Conv2dAlgorithm<T> algorithm(std::string_view name) {
  return {name, supports<T, how>, scratch_bytes<T, how>, run<T, how>};
}

}  // namespace

template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_onednn() {
  static constexpr Conv2dAlgorithm<T> algorithms[] = {
      algorithm<T, How::direct>("direct"), algorithm<T, How::direct_f32>("direct_f32"),
      algorithm<T, How::direct_blocked>("direct_blocked"), algorithm<T, How::winograd_blocked>("winograd_blocked")};
  return algorithms;
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&conv2d_onednn<T>); });

}  // namespace sluice::kernels::cpu

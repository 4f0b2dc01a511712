// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/conv2d.h>

#include <sluice/core/ops/batch_norm.h>
#include <sluice/kernels/conv2d.h>
#include "tests/cases/cases.h"

namespace sluice::test {
namespace {

struct Layer {
  const char* name;
  Shape x, weight;
  ops::Conv2dOptions options;
};

OpCase conv2d_case(const Layer& layer, kernels::Bias bias = kernels::Bias::absent) {
  using Role = CaseInput::Role;
  const Shape& x = layer.x;
  const Shape& w = layer.weight;
  const auto extents = [](const Shape& shape) {
    return std::array<std::int64_t, 4>{shape[0], shape[1], shape[2], shape[3]};
  };
  const ops::Conv2dOptions& options = layer.options;
  const auto shape = kernels::Conv2dShape::make(extents(x), extents(w),
                                                {.stride_height = options.stride.height,
                                                 .stride_width = options.stride.width,
                                                 .padding_height = options.padding.height,
                                                 .padding_width = options.padding.width,
                                                 .dilation_height = options.dilation.height,
                                                 .dilation_width = options.dilation.width,
                                                 .groups = options.groups});
  OpCase result{.op = "conv2d",
                .name = layer.name,
                .inputs = {{.name = "x", .shape = x}, {.name = "weight", .shape = w, .role = Role::parameter}},
                .run =
                    [=](const std::vector<Variable>& in) {
                      return ops::conv2d(in[0], in[1], in.size() > 2 ? in[2] : Variable{}, options);
                    },
                .flops = shape.flops(),
                .bytes =
                    [=](double element) {
                      return element * static_cast<double>(shape.x_size() + shape.y_size()) +
                             4.0 * static_cast<double>(shape.weight_size());
                    }};
  if (bias == kernels::Bias::present)
    result.inputs.push_back({.name = "bias", .shape = {w[0]}, .role = Role::parameter});
  return result;
}

// With the batch norm behind it, which takes the moments that the convolution leaves on a device that has them.
OpCase conv2d_batch_norm_case(const Layer& layer) {
  OpCase result = conv2d_case(layer);
  result.op = "conv2d_batch_norm";
  const Shape channels{layer.weight[0]};
  result.inputs.push_back(
      {.name = "scale", .shape = channels, .low = 0.5, .high = 2, .role = CaseInput::Role::parameter});
  result.inputs.push_back({.name = "bias", .shape = channels, .role = CaseInput::Role::parameter});
  result.run = [options = layer.options, channels](const std::vector<Variable>& in) {
    ops::BatchMoments moments;
    const Variable y = ops::conv2d(in[0], in[1], {}, options, &moments);
    const DType dtype = in[2].dtype();
    const Device device = in[2].value().device();
    ops::BatchNormStatistics statistics{Tensor::zeros(channels, dtype, device),
                                        Tensor::full(channels, 1, dtype, device)};
    return ops::batch_norm(y, in[2], in[3], statistics, {.moments = moments});
  };
  // y is written, read once and written again, normalised.
  result.bytes = [before = result.bytes, layer](double element) {
    const Shape& x = layer.x;
    const ops::Extent2 stride = layer.options.stride;
    const std::int64_t y = x[0] * (x[1] / stride.height) * (x[2] / stride.width) * layer.weight[0];
    return before(element) + 2 * element * static_cast<double>(y);
  };
  return result;
}

constexpr ops::Conv2dOptions same{.padding = {1, 1}};
constexpr ops::Conv2dOptions half{.stride = {2, 2}, .padding = {1, 1}};
constexpr ops::Conv2dOptions shortcut{.stride = {2, 2}};

}  // namespace

std::vector<OpCase> conv2d_cases() {
  using kernels::Bias;
  std::vector<OpCase> cases = {
      conv2d_case({"one", {1, 1, 1, 1}, {1, 1, 1, 1}, {}}, Bias::present),
      conv2d_case({"odd", {2, 7, 5, 3}, {5, 3, 3, 3}, same}),
      conv2d_case({"image_stem", {2, 8, 8, 3}, {16, 3, 3, 3}, same}),
      conv2d_case({"bias", {2, 6, 5, 7}, {9, 3, 3, 7}, same}, Bias::present),
      conv2d_case({"pointwise", {2, 5, 3, 6}, {11, 1, 1, 6}, {}}, Bias::present),
      conv2d_case({"pointwise_stride2", {2, 7, 5, 16}, {32, 1, 1, 16}, shortcut}),
      conv2d_case({"stride2_odd", {2, 7, 9, 16}, {32, 3, 3, 16}, half}),
      conv2d_case({"stride2_even", {2, 8, 6, 16}, {16, 3, 3, 16}, half}),
      // The last rows and columns meet no tap.
      conv2d_case({"stride3_left_over", {1, 9, 8, 5}, {4, 2, 2, 5}, {.stride = {3, 3}}}),
      conv2d_case({"dilation", {2, 9, 8, 4}, {6, 3, 3, 4}, {.padding = {2, 1}, .dilation = {2, 2}}}),
      conv2d_case({"uneven", {1, 6, 11, 5}, {7, 2, 5, 5}, {.stride = {1, 2}, .padding = {1, 3}, .dilation = {3, 1}}},
                  Bias::present),
      conv2d_case({"groups", {2, 5, 6, 12}, {18, 3, 3, 4}, {.padding = {1, 1}, .groups = 3}}, Bias::present),
      conv2d_case({"groups_of_eight",
                   {2, 7, 9, 16},
                   {24, 3, 2, 8},
                   {.stride = {1, 2}, .padding = {1, 1}, .dilation = {2, 1}, .groups = 2}},
                  Bias::present),
      conv2d_case({"groups_strided", {3, 6, 5, 12}, {12, 3, 3, 4}, {.stride = {2, 2}, .padding = {1, 1}, .groups = 3}}),
      conv2d_case({"depthwise", {2, 6, 5, 20}, {20, 3, 3, 1}, {.padding = {1, 1}, .groups = 20}}),
      conv2d_case({"depthwise_odd",
                   {2, 7, 9, 5},
                   {5, 3, 5, 1},
                   {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 5}},
                  Bias::present),
      // Several packs of channels, runs of lines and, of 7 columns, chunks of taps.
      conv2d_case({"depthwise_wide", {3, 11, 10, 72}, {72, 1, 7, 1}, {.padding = {0, 3}, .groups = 72}}),
      conv2d_case({"depthwise_twice", {2, 6, 5, 3}, {6, 3, 3, 1}, {.padding = {1, 1}, .groups = 3}}),
      // More channels than are summed at a time.
      conv2d_case({"wide", {2, 3, 3, 70}, {67, 3, 3, 70}, same}),
      // More results than the CUDA device sums in one run.
      conv2d_case({"split", {5, 9, 9, 16}, {16, 3, 3, 16}, same}, Bias::present),
      // Channels in sixteens and stride 1, where Winograd serves; tiles of 4x4 whole and cut, padding of 0, 1 and 2.
      conv2d_case({"tiles", {3, 8, 8, 32}, {48, 3, 3, 32}, same}),
      conv2d_case({"tiles_cut", {2, 9, 5, 16}, {64, 3, 3, 16}, same}, Bias::present),
      conv2d_case({"tiles_single", {1, 1, 2, 64}, {16, 3, 3, 64}, same}),
      conv2d_case({"tiles_valid", {2, 7, 8, 16}, {32, 3, 3, 16}, {}}),
      conv2d_case({"tiles_full", {2, 5, 4, 32}, {16, 3, 3, 32}, {.padding = {2, 2}}}),
  };
  for (const Layer& layer : std::initializer_list<Layer>{{"stem", {3, 8, 7, 3}, {16, 3, 3, 3}, same},
                                                         {"down", {2, 7, 9, 16}, {40, 3, 3, 16}, half},
                                                         {"pointwise", {2, 5, 3, 6}, {11, 1, 1, 6}, {}}})
    cases.push_back(conv2d_batch_norm_case(layer));
  for (const Layer& layer : std::initializer_list<Layer>{
           {"resnet20_stem", {128, 32, 32, 3}, {16, 3, 3, 3}, same},
           {"resnet20_stage1", {128, 32, 32, 16}, {16, 3, 3, 16}, same},
           {"resnet20_down2", {128, 32, 32, 16}, {32, 3, 3, 16}, half},
           {"resnet20_stage2", {128, 16, 16, 32}, {32, 3, 3, 32}, same},
           {"resnet20_down3", {128, 16, 16, 32}, {64, 3, 3, 32}, half},
           {"resnet20_stage3", {128, 8, 8, 64}, {64, 3, 3, 64}, same},
           {"mobilenet_depthwise", {32, 28, 28, 128}, {128, 3, 3, 1}, {.padding = {1, 1}, .groups = 128}},
           {"resnext_groups", {32, 28, 28, 128}, {128, 3, 3, 4}, {.padding = {1, 1}, .groups = 32}},
           {"resnet18_stem", {128, 32, 32, 3}, {64, 3, 3, 3}, same},
           {"resnet18_stage1", {128, 32, 32, 64}, {64, 3, 3, 64}, same},
           {"resnet18_down2", {128, 32, 32, 64}, {128, 3, 3, 64}, half},
           {"resnet18_shortcut2", {128, 32, 32, 64}, {128, 1, 1, 64}, shortcut},
           {"resnet18_stage2", {128, 16, 16, 128}, {128, 3, 3, 128}, same},
           {"resnet18_down3", {128, 16, 16, 128}, {256, 3, 3, 128}, half},
           {"resnet18_shortcut3", {128, 16, 16, 128}, {256, 1, 1, 128}, shortcut},
           {"resnet18_stage3", {128, 8, 8, 256}, {256, 3, 3, 256}, same},
           {"resnet18_down4", {128, 8, 8, 256}, {512, 3, 3, 256}, half},
           {"resnet18_shortcut4", {128, 8, 8, 256}, {512, 1, 1, 256}, shortcut},
           {"resnet18_stage4", {128, 4, 4, 512}, {512, 3, 3, 512}, same},
       }) {
    cases.push_back(conv2d_case(layer));
    cases.back().benchmark_only = true;
  }
  for (const Layer& layer :
       std::initializer_list<Layer>{{"resnet20_stem", {128, 32, 32, 3}, {16, 3, 3, 3}, same},
                                    {"resnet20_stage1", {128, 32, 32, 16}, {16, 3, 3, 16}, same},
                                    {"resnet18_stage1", {128, 32, 32, 64}, {64, 3, 3, 64}, same},
                                    {"resnet18_stage4", {128, 4, 4, 512}, {512, 3, 3, 512}, same}}) {
    cases.push_back(conv2d_batch_norm_case(layer));
    cases.back().benchmark_only = true;
  }
  return cases;
}

}  // namespace sluice::test

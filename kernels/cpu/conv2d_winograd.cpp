// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/winograd.h>

namespace sluice::kernels::cpu {
namespace {

WinogradShape winograd_shape(const Conv2dShape& s) {
  return {s.batch, s.height, s.width, s.in_channels, s.out_channels, s.window.padding_height, s.window.padding_width};
}

bool supports(Conv2dPass, const Conv2dShape& s) {
  const Conv2dWindow& w = s.window;
  return s.kernel_height == 3 && s.kernel_width == 3 && w.stride_height == 1 && w.stride_width == 1 &&
         w.dilation_height == 1 && w.dilation_width == 1 && w.groups == 1 && winograd_shape(s).supported();
}

std::int64_t result_rows(const Conv2dShape& s) { return s.batch * s.out_height * s.out_width; }

template <class T>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  const WinogradShape winograd = winograd_shape(shape);
  switch (pass) {
    case Conv2dPass::forward: return winograd_forward_scratch_bytes(winograd);
    case Conv2dPass::backward_input: return winograd_backward_input_scratch_bytes(winograd);
    case Conv2dPass::backward_weight:
      return std::max(winograd_backward_weight_scratch_bytes(winograd),
                      sum_rows_scratch_bytes<T>(result_rows(shape), shape.out_channels));
  }
  return 0;
}

template <class T>
void run(Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const WinogradShape winograd = winograd_shape(shape);
  const auto& [x, weight, bias, y] = operands;
  switch (pass) {
    case Conv2dPass::forward: return winograd_forward<T>(winograd, x, weight, bias, y, scratch);
    case Conv2dPass::backward_input: return winograd_backward_input<T>(winograd, weight, y, x, scratch);
    case Conv2dPass::backward_weight:
      winograd_backward_weight<T>(winograd, x, y, weight, scratch);
      if (bias != nullptr) sum_rows<T>(result_rows(shape), shape.out_channels, y, bias, scratch);
  }
}

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_winograd() {
  return {"winograd", supports, scratch_bytes<T>, run<T>};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&conv2d_winograd<T>); });

}  // namespace sluice::kernels::cpu

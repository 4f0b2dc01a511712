// SPDX-License-Identifier: Apache-2.0
// The three passes of a convolution, for the choice among algorithms.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::kernels {

enum class Conv2dPass : std::uint8_t { forward, backward_input, backward_weight };

constexpr std::string_view name_of(Conv2dPass pass) {
  switch (pass) {
    case Conv2dPass::forward: return "forward";
    case Conv2dPass::backward_input: return "backward_input";
    case Conv2dPass::backward_weight: return "backward_weight";
  }
  return "?";
}

}  // namespace sluice::kernels

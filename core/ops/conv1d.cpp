// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/conv1d.h>

#include <sluice/core/ops/conv2d.h>
#include <sluice/core/ops/shape.h>

namespace sluice::ops {

Variable conv1d(const Variable& x, const Variable& weight, const Variable& bias, const Conv1dOptions& options) {
  require(x.shape().rank() == 3 && weight.shape().rank() == 3, "conv1d",
          "expects x [N,L,C] and weight [K,S,C/groups], got ", x.shape(), " and ", weight.shape());
  const Variable y = conv2d(unsqueeze(x, 1), unsqueeze(weight, 1), bias,
                            {.stride = {1, options.stride},
                             .padding = {0, options.padding},
                             .dilation = {1, options.dilation},
                             .groups = options.groups});
  return squeeze(y, 1);
}

}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
#include "tests/cases/cases.h"

#include <algorithm>
#include <iterator>

namespace sluice::test {

std::vector<OpCase> all_cases() {
  std::vector<OpCase> all;
  for (const auto& list :
       {arithmetic_cases, batch_norm_cases, conv2d_cases,   dropout_cases, elementwise_cases, index_cases,
        layer_norm_cases, linear_cases,     loss_cases,     losses_cases,  math_cases,        matmul_cases,
        network_cases,    optimizer_cases,  order_cases,    pad_cases,     pointwise_cases,   peer_cases,
        pool_cases,       reduce_cases,     resample_cases, shape_cases,   softmax_cases,     training_step_cases})
    std::ranges::move(list(), std::back_inserter(all));
  return all;
}

}  // namespace sluice::test

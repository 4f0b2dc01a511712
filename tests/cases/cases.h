// SPDX-License-Identifier: Apache-2.0
// Every operation's list of cases. A new operation adds its function here and to all_cases().
#pragma once

#include "tests/support/op_case.h"

namespace sluice::test {

std::vector<OpCase> arithmetic_cases();
std::vector<OpCase> batch_norm_cases();
std::vector<OpCase> conv2d_cases();
std::vector<OpCase> dropout_cases();
std::vector<OpCase> elementwise_cases();
std::vector<OpCase> index_cases();
std::vector<OpCase> layer_norm_cases();
std::vector<OpCase> linear_cases();
std::vector<OpCase> loss_cases();
std::vector<OpCase> losses_cases();
std::vector<OpCase> matmul_cases();
std::vector<OpCase> math_cases();
std::vector<OpCase> network_cases();
std::vector<OpCase> optimizer_cases();
std::vector<OpCase> order_cases();
std::vector<OpCase> pad_cases();
std::vector<OpCase> pointwise_cases();
std::vector<OpCase> peer_cases();
std::vector<OpCase> pool_cases();
std::vector<OpCase> reduce_cases();
std::vector<OpCase> resample_cases();
std::vector<OpCase> shape_cases();
std::vector<OpCase> softmax_cases();
std::vector<OpCase> training_step_cases();

std::vector<OpCase> all_cases();

}  // namespace sluice::test

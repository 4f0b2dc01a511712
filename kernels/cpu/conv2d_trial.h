// SPDX-License-Identifier: Apache-2.0
// A trial of convolution algorithms at one shape: they run on random data, to be measured and to be proven
// (kernels/runtime/tuning.h).
#pragma once

#include <span>
#include <vector>

#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/runtime/tuning.h>

namespace sluice::kernels::cpu {

// Candidates on common memory. An algorithm is at fault where
//   - a result is not finite, or lies further from the sum in double than rounding explains: of all results where those
//   sums
//     take at most some millions of products, else of some hundred results spread over the whole;
//   - two runs on the same inputs, with other bytes in results, scratch and around every operand, differ in a bit: it
//   read
//     what is not an input. All results are compared;
//   - it wrote around an operand.
// The bounds: |result - sum| <= a * (sum of magnitudes of the products) + b * |sum|, with a = 1e-5, b = 0 for f32, and
// a = 2e-3, b = 2^-8 beside bf16 activations.
template <class T>
std::vector<Candidate> conv2d_trial(Conv2dPass pass, const Conv2dShape& shape,
                                    std::span<const Conv2dAlgorithm<T>> algorithms);

}  // namespace sluice::kernels::cpu

// SPDX-License-Identifier: Apache-2.0
// Products of matrices and vectors, in f32, bf16 or f64. All throw std::invalid_argument, naming the operation, for
// shapes and types that don't fit.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

struct MatmulOptions {
  bool transpose_a = false, transpose_b = false;  // the last two axes, before the product
};

// a [...,M,K] times b [...,K,N], to [...,M,N]; axes in front are broadcast by NumPy's rules. The CUDA device runs the
// matrices of a batch one after the other, by the tiles or the library that a linear map would use.
Variable matmul(const Variable& a, const Variable& b, const MatmulOptions& options = {});
// The sum of the products of a [N] and b [N], to [].
Variable dot(const Variable& a, const Variable& b);
// All products of a [M] and b [N], to [M,N].
Variable outer(const Variable& a, const Variable& b);

}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <sluice/core/tape.h>

namespace sluice::ops {

struct AttentionOptions {
  // u8, broadcast to [...,L,S]: a query sees the keys where it is not 0. Undefined: all.
  Tensor mask;
  // Query i sees keys 0 to i only.
  bool causal = false;
  // Of the scores; 1/sqrt(E) where it is not given.
  std::optional<double> scale;
};

// softmax(scale q k^T) v of queries q [...,L,E], keys k [...,S,E] and values v [...,S,D], to [...,L,D]; the axes in
// front are broadcast. A query that sees no key becomes NaN. Made of matmul and softmax, so the scores [...,L,S] are in
// memory. Vaswani et al., "Attention is all you need", NeurIPS 2017, equation 1. Throws std::invalid_argument for
// shapes and types that don't fit.
Variable scaled_dot_product_attention(const Variable& q, const Variable& k, const Variable& v,
                                      const AttentionOptions& options = {});

}  // namespace sluice::ops

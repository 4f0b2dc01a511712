// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/attention.h>

#include <cmath>
#include <limits>

#include <sluice/core/make.h>
#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/index.h>
#include <sluice/core/ops/matmul.h>
#include <sluice/core/ops/softmax.h>

namespace sluice::ops {

Variable scaled_dot_product_attention(const Variable& q, const Variable& k, const Variable& v,
                                      const AttentionOptions& options) {
  constexpr const char* op = "scaled_dot_product_attention";
  const auto fits = [&](const Variable& x) { return x.shape().rank() >= 2 && x.dtype() == q.dtype(); };
  require(fits(q) && fits(k) && fits(v) && q.shape()[-1] > 0 && q.shape()[-1] == k.shape()[-1] &&
              k.shape()[-2] == v.shape()[-2] && k.shape()[-2] > 0,
          op, "expects q [...,L,E], k [...,S,E] and v [...,S,D] of one type, got ", name_of(q.dtype()), q.shape(), ", ",
          name_of(k.dtype()), k.shape(), " and ", name_of(v.dtype()), v.shape());
  const double scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(q.shape()[-1])));
  Variable scores = matmul(q * scale, k, {.transpose_b = true});
  const auto hide = [&](const Variable& hidden) {
    scores = masked_fill(scores, hidden.value(), -std::numeric_limits<double>::infinity());
  };
  if (options.mask.defined()) hide(equal(options.mask, 0.0));
  if (options.causal) {
    const Device device = q.value().device();
    const auto places = [&](std::int64_t count, const Shape& shape) {
      return Variable(arange(0, count, 1, DType::i32, device).reshape(shape));
    };
    const std::int64_t queries = q.shape()[-2], keys = k.shape()[-2];
    hide(greater(places(keys, {1, keys}), places(queries, {queries, 1})));
  }
  return matmul(softmax(scores), v);
}

}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/matmul.h>

#include <vector>

#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/shape.h>
#include <sluice/kernels/matmul.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::MatmulShape;
using Transposed = MatmulShape::Transposed;

Shape shape_of(const std::vector<std::int64_t>& extents) { return Shape(std::span<const std::int64_t>(extents)); }

// a and b [B,.,.], transposed as `s` says, to [B,M,N].
Tensor product(const MatmulShape& s, const Tensor& a, const Tensor& b) {
  Tensor y = Tensor::empty({s.batch, s.m, s.n}, a.dtype(), a.device());
  const Exec exec = exec_of(y);
  dispatch(exec, y.dtype(), "matmul", [&]<class Device, class T>() {
    const Scratch scratch(y.device(), kernels::Matmul<Device>::template scratch_bytes<T>(exec, s));
    kernels::Matmul<Device>::run(exec, s, a.data<T>(), b.data<T>(), y.mutable_data<T>(), scratch.data());
  });
  return y;
}

Tensor gradient_of_a(const MatmulShape& s, const Tensor& b, const Tensor& dy) {
  if (s.transposed == Transposed::a) return product({s.batch, s.k, s.m, s.n, Transposed::b}, b, dy);
  const auto turned = s.transposed == Transposed::b ? Transposed::none : Transposed::b;
  return product({s.batch, s.m, s.k, s.n, turned}, dy, b);
}

Tensor gradient_of_b(const MatmulShape& s, const Tensor& a, const Tensor& dy) {
  if (s.transposed == Transposed::b) return product({s.batch, s.n, s.k, s.m, Transposed::a}, dy, a);
  const auto turned = s.transposed == Transposed::a ? Transposed::none : Transposed::a;
  return product({s.batch, s.k, s.n, s.m, turned}, a, dy);
}

Variable batched(const MatmulShape& s, const Variable& a, const Variable& b) {
  return record("matmul", product(s, a.value(), b.value()), {&a, &b},
                [s, left = a.value(), right = b.value()](const Tensor& dy, Gradients& gradients) {
                  if (gradients.wants(0)) gradients.add(0, gradient_of_a(s, right, dy));
                  if (gradients.wants(1)) gradients.add(1, gradient_of_b(s, left, dy));
                });
}

// The axes in front of the matrices.
std::vector<std::int64_t> batch_axes(const Variable& x) {
  return {x.shape().extents().begin(), x.shape().extents().end() - 2};
}

std::vector<std::int64_t> broadcast(const Variable& a, const Variable& b) {
  std::vector<std::int64_t> left = batch_axes(a), right = batch_axes(b);
  const std::size_t rank = std::max(left.size(), right.size());
  left.insert(left.begin(), rank - left.size(), 1);
  right.insert(right.begin(), rank - right.size(), 1);
  for (std::size_t k = 0; k < rank; ++k) {
    require(left[k] == right[k] || left[k] == 1 || right[k] == 1, "matmul",
            "expects axes in front of the matrices that can be broadcast, got ", a.shape(), " and ", b.shape());
    if (left[k] == 1) left[k] = right[k];
  }
  return left;
}

// [B,.,.] of all the matrices.
Variable matrices(const Variable& x, std::vector<std::int64_t> batch, std::int64_t count) {
  const std::int64_t rows = x.shape()[-2], columns = x.shape()[-1];
  batch.push_back(rows);
  batch.push_back(columns);
  const Shape whole = shape_of(batch);
  return reshape(whole == x.shape() ? x : expand(x, whole), {count, rows, columns});
}

}  // namespace

Variable matmul(const Variable& a, const Variable& b, const MatmulOptions& options) {
  require_one_device("matmul", {&a.value(), &b.value()});
  require(a.shape().rank() >= 2 && b.shape().rank() >= 2 && a.dtype() == b.dtype(), "matmul",
          "expects a [...,M,K] and b [...,K,N] of one type, got ", name_of(a.dtype()), a.shape(), " and ",
          name_of(b.dtype()), b.shape());
  // No kernel takes both transposed.
  if (options.transpose_a && options.transpose_b) return matmul(a, transpose(b), {.transpose_a = true});
  MatmulShape s{.batch = 1,
                .m = a.shape()[options.transpose_a ? -1 : -2],
                .n = b.shape()[options.transpose_b ? -2 : -1],
                .k = a.shape()[options.transpose_a ? -2 : -1],
                .transposed = options.transpose_a   ? Transposed::a
                              : options.transpose_b ? Transposed::b
                                                    : Transposed::none};
  require(b.shape()[options.transpose_b ? -1 : -2] == s.k, "matmul", "expects factors with one K, got ", a.shape(),
          options.transpose_a ? " (transposed)" : "", " and ", b.shape(), options.transpose_b ? " (transposed)" : "");
  const std::vector<std::int64_t> batch = broadcast(a, b);
  std::vector<std::int64_t> result = batch;
  result.push_back(s.m);
  result.push_back(s.n);
  const std::int64_t count = shape_of(batch).size();
  // One b for all: the rows of all a are those of one matrix.
  if (!options.transpose_a && b.value().size() == s.k * s.n && a.value().size() == count * s.m * s.k) {
    s.m *= count;
    const Variable y = batched(s, reshape(a, {1, s.m, s.k}), reshape(b, {1, b.shape()[-2], b.shape()[-1]}));
    return reshape(y, shape_of(result));
  }
  s.batch = count;
  return reshape(batched(s, matrices(a, batch, count), matrices(b, batch, count)), shape_of(result));
}

Variable dot(const Variable& a, const Variable& b) {
  require(a.shape().rank() == 1 && a.shape() == b.shape(), "dot", "expects two vectors [N], got ", a.shape(), " and ",
          b.shape());
  const Shape column{a.shape()[0], 1};
  return reshape(matmul(reshape(a, column), reshape(b, column), {.transpose_a = true}), {});
}

Variable outer(const Variable& a, const Variable& b) {
  require(a.shape().rank() == 1 && b.shape().rank() == 1, "outer", "expects vectors [M] and [N], got ", a.shape(),
          " and ", b.shape());
  return matmul(reshape(a, {a.shape()[0], 1}), reshape(b, {1, b.shape()[0]}));
}

}  // namespace sluice::ops

// SPDX-License-Identifier: Apache-2.0
// Maps on tensors: what the pointwise operations and reductions are written with.
#pragma once

#include <sluice/core/tape.h>
#include <sluice/kernels/pointwise.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops::detail {

// The shape to which NumPy's rules broadcast both. Throws std::invalid_argument in the name of `op`.
Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

// The sum of `from` over the axes along which a tensor of `shape` was broadcast to it.
Tensor sum_to(Tensor from, const Shape& shape);

// factor x, broadcast to `shape`.
Tensor broadcast_to(const Tensor& x, const Shape& shape, double factor = 1);

// A tensor of that shape for a gradient: dy itself where no other tensor shares its storage.
Tensor room_for_gradient(const Tensor& dy, const Shape& shape);

// results[o] = map(inputs broadcast to `shape`) for elements of type `dtype`. Undefined results are not stored.
template <class OnCpu, class OnCuda, class Map, std::size_t n, std::size_t m>
void run_map(const Map& map, const Shape& shape, DType dtype, const std::array<Tensor, n>& inputs,
             std::array<Tensor, m>& results) {
  static_assert(n == Map::inputs && m == Map::outputs);
  std::array<std::span<const std::int64_t>, n> shapes;
  std::array<const void*, n> in;
  for (std::size_t i = 0; i < n; ++i) {
    shapes[i] = inputs[i].shape().extents();
    in[i] = inputs[i].raw();
  }
  std::array<void*, m> out;
  for (std::size_t o = 0; o < m; ++o) out[o] = results[o].defined() ? results[o].raw_to_write() : nullptr;
  const kernels::PointwiseLayout layout = kernels::PointwiseLayout::of(shape.extents(), shapes);
  if (layout.size == 0) return;
  const Exec exec = exec_of(inputs[0]);
  dispatch<OnCpu, OnCuda>(exec, dtype, Map::name, [&]<class Device, class T>() {
    kernels::Pointwise<Device>::template run<Map, T>(exec, map, layout, in, out);
  });
}

template <class Map, class OnCpu = CpuTypes, class OnCuda = CudaTypes, std::size_t n>
Tensor map_to_one(const Map& map, const Shape& shape, DType dtype, const std::array<Tensor, n>& inputs) {
  std::array<Tensor, 1> y{Tensor::empty(shape, Map::gives_mask ? DType::u8 : dtype, inputs[0].device())};
  run_map<OnCpu, OnCuda>(map, shape, dtype, inputs, y);
  return std::move(y[0]);
}

}  // namespace sluice::ops::detail

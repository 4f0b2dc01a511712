// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/device_ceilings.h"

#include <algorithm>

#include <sluice/core/ops/linear.h>
#include <sluice/kernels/runtime/device.h>
#include "apps/bench/timer.h"
#include "tests/support/op_case.h"

namespace sluice::bench {
namespace {

constexpr int kRepetitions = 10;

double best(Timer& timer, const std::function<void()>& work) {
  work();
  double least = timer.time(work);
  for (int i = 1; i < kRepetitions; ++i) least = std::min(least, timer.time(work));
  return least;
}

double flops_of_product(Timer& timer, Device device, DType dtype, std::int64_t side) {
  const Variable x = test::random_tensor({side, side}, dtype, 1).to(device);
  const Variable weight = test::random_tensor({side, side}, master_dtype(dtype), 2).to(device);
  const auto cubed = static_cast<double>(side) * static_cast<double>(side) * static_cast<double>(side);
  return 2 * cubed / best(timer, [&] { ops::linear(x, weight, Variable()); });
}

}  // namespace

Ceilings measure_ceilings(Device device) {
  const bool emulated = kernels::describe(device).emulated;
  Timer timer(device);
  const Tensor from = Tensor::full({emulated ? 1 << 12 : 1 << 28}, 1, DType::f32, device);
  Tensor to = Tensor::zeros(from.shape(), DType::f32, device);
  Ceilings ceilings{.has_bf16 = true};
  ceilings.bytes_memory = 2.0 * static_cast<double>(from.bytes()) / best(timer, [&] { to.copy_from(from); });
  ceilings.bytes_cache = ceilings.bytes_memory;
  ceilings.flops_f32 = flops_of_product(timer, device, DType::f32, emulated ? 32 : 4096);
  ceilings.flops_bf16 = flops_of_product(timer, device, DType::bf16, emulated ? 32 : 8192);
  return ceilings;
}

}  // namespace sluice::bench

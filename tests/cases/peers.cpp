// SPDX-License-Identifier: Apache-2.0
// What apps/bench/peers/ops.py times beside PyTorch: operations that move memory, on tensors of 1 KiB to 256 MiB of
// f32, and products. For the clock only.
#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/matmul.h>
#include <sluice/core/ops/reduce.h>
#include <sluice/core/ops/shape.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> peer_cases() {
  using Inputs = std::vector<Variable>;
  std::vector<OpCase> cases;
  const auto add = [&](const char* op, const std::string& name, std::vector<CaseInput> inputs, auto run,
                       double flops = 0) {
    cases.push_back({.op = op,
                     .name = "peer_" + name,
                     .inputs = std::move(inputs),
                     .run = std::move(run),
                     .flops = flops,
                     .benchmark_only = true});
  };
  for (const auto& [name, rows] :
       {std::pair{"1KiB", 1}, std::pair{"1MiB", 1024}, std::pair{"16MiB", 16384}, std::pair{"256MiB", 262144}}) {
    const Shape matrix{rows, 256};
    add("add", name, {{"a", matrix}, {"b", matrix}}, [](const Inputs& in) { return ops::add(in[0], in[1]); });
    add("gelu", name, {{"x", matrix}}, [](const Inputs& in) { return ops::gelu(in[0]); });
    add("sum", std::string("rows_") + name, {{"x", matrix}}, [](const Inputs& in) { return ops::sum(in[0], {1}); });
    add("sum", std::string("columns_") + name, {{"x", matrix}}, [](const Inputs& in) { return ops::sum(in[0], {0}); });
    add("transpose", name, {{"x", matrix}}, [](const Inputs& in) { return ops::transpose(in[0]); });
  }
  for (const std::int64_t n : {64, 512, 2048})
    add(
        "matmul", std::to_string(n), {{"a", {n, n}}, {"b", {n, n}}},
        [](const Inputs& in) { return ops::matmul(in[0], in[1]); }, 2.0 * static_cast<double>(n * n * n));
  return cases;
}

}  // namespace sluice::test

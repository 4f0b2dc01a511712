// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/passes.h"

#include <chrono>

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWarmUp = 3;

std::vector<Variable> enter(Tape& tape, const test::OpCase& op_case, const Pass& pass,
                            const std::vector<Tensor>& inputs) {
  std::vector<Variable> variables;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool watched = pass.input ? *pass.input == i : op_case.inputs[i].differentiable();
    variables.push_back(watched ? tape.watched(inputs[i]) : tape.input(inputs[i]));
  }
  return variables;
}

double time_forward(const test::OpCase& op_case, const Pass& pass, const std::vector<Tensor>& inputs, Timer& timer) {
  Tape tape;
  const std::vector<Variable> variables = enter(tape, op_case, pass, inputs);
  Variable result;
  return timer.time([&] { result = op_case.run(variables); });
}

double time_backward(const test::OpCase& op_case, const Pass& pass, const std::vector<Tensor>& inputs,
                     const Tensor& gradient, Timer& timer) {
  Tape tape;
  const std::vector<Variable> variables = enter(tape, op_case, pass, inputs);
  const Variable result = op_case.run(variables);
  // A copy that nobody else holds: the way back may write over it, as it may in training.
  Tensor arriving = gradient.clone();
  return timer.time([&] { tape.backward(result, std::move(arriving)); });
}

double bytes_of(const test::OpCase& op_case, const Pass& pass, const std::vector<Tensor>& inputs,
                const Tensor& result) {
  if (op_case.bytes) return op_case.bytes(static_cast<double>(size_of(result.dtype())));
  double bytes = static_cast<double>(result.bytes());
  for (const Tensor& input : inputs) bytes += static_cast<double>(input.bytes());
  if (pass.input) bytes += static_cast<double>(inputs[*pass.input].bytes());
  return bytes;
}

}  // namespace

std::vector<Pass> passes_of(const test::OpCase& op_case) {
  std::vector<Pass> passes{{"forward", {}}};
  for (std::size_t i = 0; i < op_case.inputs.size(); ++i) {
    const test::CaseInput& input = op_case.inputs[i];
    if (input.differentiable()) passes.push_back({"backward_" + (input.name == "x" ? "input" : input.name), i});
  }
  return passes;
}

Measurement measure(const test::OpCase& op_case, const Pass& pass, const std::vector<Tensor>& inputs,
                    const Budget& budget, Timer& timer) {
  Tensor result;
  {
    Tape tape;
    result = op_case.run(enter(tape, op_case, pass, inputs)).value();
  }
  const Tensor gradient = test::random_tensor(result.shape(), result.dtype(), 99).to(result.device());
  const auto time_once = [&] {
    return pass.input ? time_backward(op_case, pass, inputs, gradient, timer)
                      : time_forward(op_case, pass, inputs, timer);
  };
  for (int i = 0; i < kWarmUp; ++i) time_once();
  std::vector<double> seconds;
  const auto end = Clock::now() + std::chrono::duration<double>(budget.seconds);
  while (seconds.size() < budget.repetitions || Clock::now() < end) seconds.push_back(time_once());
  return {
      .time = summarise(std::move(seconds)), .flops = op_case.flops, .bytes = bytes_of(op_case, pass, inputs, result)};
}

}  // namespace sluice::bench

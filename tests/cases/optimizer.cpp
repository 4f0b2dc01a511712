// SPDX-License-Identifier: Apache-2.0
// Steps over parameters the size of a ResNet-18's, for the clock; tests/optim and device_parity_test have the values.
#include <memory>

#include <sluice/core/ops/update.h>
#include "tests/cases/cases.h"

namespace sluice::test {
namespace {

constexpr std::size_t kParameters = 62;
constexpr std::int64_t kElements = 180'224;  // of each

enum class Copies { none, bf16 };

using Step = void (*)(std::span<const ops::ParameterUpdate>, const Tensor& learning_rate);

void sgd(std::span<const ops::ParameterUpdate> updates, const Tensor& learning_rate) {
  ops::sgd_step(updates, {.kind = ops::Momentum::heavy_ball, .momentum = 0.9}, learning_rate);
}

void adam(std::span<const ops::ParameterUpdate> updates, const Tensor& learning_rate) {
  ops::adam_step(updates, {}, learning_rate);
}

void plain_sgd(std::span<const ops::ParameterUpdate> updates, const Tensor& learning_rate) {
  ops::sgd_step(updates, {}, learning_rate);
}

void nesterov(std::span<const ops::ParameterUpdate> updates, const Tensor& learning_rate) {
  ops::sgd_step(updates, {.kind = ops::Momentum::nesterov, .momentum = 0.9}, learning_rate);
}

void average(std::span<const ops::ParameterUpdate> updates, const Tensor&) {
  std::vector<ops::AverageUpdate> averages;
  for (const ops::ParameterUpdate& update : updates) averages.push_back({update.value, update.first});
  ops::average_step(averages, 0.999);
}

std::vector<Tensor> gradients_of(std::span<const ops::ParameterUpdate> updates) {
  std::vector<Tensor> gradients;
  for (const ops::ParameterUpdate& update : updates) gradients.push_back(update.gradient);
  return gradients;
}

void clip(std::span<const ops::ParameterUpdate> updates, const Tensor&) {
  const std::vector<Tensor> gradients = gradients_of(updates);
  ops::scale_in_place(gradients, ops::clip_factor(ops::gradient_norm(gradients), 1));
}

void ascend(std::span<const ops::ParameterUpdate> updates, const Tensor&) {
  ops::sgd_step(updates, {}, ops::ascent_rate(ops::gradient_norm(gradients_of(updates)), 0.05));
}

OpCase step_case(const char* op, Step step, double bytes_an_element, Copies copies) {
  OpCase result{.op = op,
                .name = copies == Copies::bf16 ? "resnet18_bf16_copies" : "resnet18",
                .bytes = [=](double) { return bytes_an_element * static_cast<double>(kParameters * kElements); },
                .benchmark_only = true,
                .with_bf16 = false};
  for (std::size_t i = 0; i < kParameters; ++i)
    for (const char* name : {"value", "gradient", "first", "second"})
      result.inputs.push_back(
          {.name = concat(name, i), .shape = {kElements}, .low = 0, .role = CaseInput::Role::constant_parameter});
  // Made by the first run and kept: the learning rate, then each parameter's steps.
  const auto scalars = std::make_shared<std::vector<Tensor>>();
  result.run = [=](const std::vector<Variable>& in) {
    const Device device = in[0].value().device();
    if (scalars->empty() || scalars->front().device() != device) {
      scalars->assign(1, Tensor::full({}, 1e-6, DType::f64, device));
      for (std::size_t i = 0; i < kParameters; ++i) scalars->push_back(Tensor::zeros({}, DType::f64, device));
    }
    std::vector<ops::ParameterUpdate> updates;
    for (std::size_t i = 0; i < kParameters; ++i) {
      updates.push_back({.value = in[4 * i].value(),
                         .gradient = in[4 * i + 1].value(),
                         .first = in[4 * i + 2].value(),
                         .second = in[4 * i + 3].value(),
                         .step = (*scalars)[1 + i]});
      if (copies == Copies::bf16) updates.back().value.rounded();
    }
    step(updates, scalars->front());
    return in[0];
  };
  return result;
}

}  // namespace

std::vector<OpCase> optimizer_cases() {
  std::vector<OpCase> cases;
  for (const auto& [copies, more] : {std::pair{Copies::none, 0.0}, std::pair{Copies::bf16, 2.0}}) {
    cases.push_back(step_case("sgd_step", sgd, 20 + more, copies));
    cases.push_back(step_case("adam_step", adam, 28 + more, copies));
  }
  cases.push_back(step_case("sgd_plain_step", plain_sgd, 12, Copies::none));
  cases.push_back(step_case("sgd_nesterov_step", nesterov, 20, Copies::none));
  cases.push_back(step_case("average_step", average, 12, Copies::none));
  // The gradients' norm, then what it scales.
  cases.push_back(step_case("clip_gradients", clip, 4 + 8, Copies::none));
  cases.push_back(step_case("ascend", ascend, 4 + 12, Copies::none));
  return cases;
}

}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
#include "core/ops/loss.h"

#include "core/ops/flood.h"
#include "kernels/base/philox.h"
#include "tests/cases/cases.h"

namespace sluice::test {
namespace {

Tensor random_labels(std::int64_t rows, std::int64_t classes) {
  PhiloxStream random(2, RandomPurpose::test, 0);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (std::int32_t& label : labels)
    label = static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(classes)));
  return Tensor::from<std::int32_t>(labels, {rows});
}

OpCase cross_entropy_case(const char* name, std::int64_t rows, std::int64_t classes,
                          const ops::CrossEntropyOptions& options, double magnitude = 4) {
  const Tensor labels = random_labels(rows, classes);
  return {.op = "softmax_cross_entropy",
          .name = name,
          .inputs = {{.name = "logits", .shape = {rows, classes}, .low = -magnitude, .high = magnitude}},
          .run = [=](const std::vector<Variable>& in) { return ops::softmax_cross_entropy(in[0], labels, options); },
          .bytes = [=](double element) { return element * static_cast<double>(rows * classes); }};
}

}  // namespace

std::vector<OpCase> loss_cases() {
  const Tensor weights = random_tensor({7}, DType::f32, 5, 0.2, 3);
  std::vector<OpCase> cases = {
      cross_entropy_case("one", 1, 1, {}),
      cross_entropy_case("odd", 5, 7, {}),
      // More rows than a thread's share, and rows longer than a vector.
      cross_entropy_case("many_classes", 67, 131, {}),
      cross_entropy_case("smoothed", 5, 7, {.label_smoothing = 0.2}),
      cross_entropy_case("weighted", 5, 7, {.class_weights = weights}),
      cross_entropy_case("ignoring", 9, 7, {.ignore_index = 3}),
      cross_entropy_case("smoothed_weighted_ignoring", 9, 7,
                         {.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 3}),
      // e^120 is no f32: the largest logit has to come off first.
      cross_entropy_case("large_logits", 5, 7, {}, 120),
  };
  for (const auto& [name, rows, classes] :
       {std::tuple{"cifar10", 128, 10}, std::tuple{"thousand_classes", 256, 1000}}) {
    cases.push_back(cross_entropy_case(name, rows, classes, {}));
    cases.back().benchmark_only = true;
  }
  const auto squared = [](const std::vector<Variable>& in) { return ops::mean_squared_error(in[0], in[1]); };
  for (const auto& [name, shape] : {std::pair{"one", Shape{1}}, std::pair{"odd", Shape{3, 5, 7}},
                                    // Several chunks of the sum, the last of them short.
                                    std::pair{"chunks", Shape{4099, 3}}})
    cases.push_back(
        {.op = "mean_squared_error", .name = name, .inputs = {{"x", shape}, {"target", shape}}, .run = squared});
  cases.push_back({.op = "mean_squared_error",
                   .name = "image_batch",
                   .inputs = {{"x", {128, 32, 32, 3}}, {"target", {128, 32, 32, 3}}},
                   .run = squared,
                   .benchmark_only = true});
  // The loss is f32 beside bf16 activations, as a parameter is.
  for (const auto& [name, level] : {std::pair{"above", 0.5}, std::pair{"below", 2.5}, std::pair{"off", 0.0}})
    cases.push_back({.op = "flood",
                     .name = name,
                     .inputs = {{.name = "loss", .shape = {}, .low = 1, .high = 2, .role = CaseInput::Role::parameter}},
                     .run = [b = level](const std::vector<Variable>& in) { return ops::flood(in[0], b); },
                     .tolerance_bf16 = 1e-5});
  return cases;
}

}  // namespace sluice::test

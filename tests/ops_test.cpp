// SPDX-License-Identifier: Apache-2.0
// What every operation owes, case by case: results and gradients that agree with the double oracle in every type and on
// every engine, and a way back that agrees with finite differences.
#include <gtest/gtest.h>

#include <cmath>

#include <sluice/kernels/runtime/settings.h>
#include "tests/cases/cases.h"
#include "tests/support/device.h"

namespace sluice::test {
namespace {

std::vector<OpCase> small_cases() {
  std::vector<OpCase> cases = all_cases();
  std::erase_if(cases, [](const OpCase& op_case) { return op_case.benchmark_only; });
  return cases;
}

class Ops : public testing::TestWithParam<OpCase> {
 protected:
  static void expect_agreement(DType dtype, Rounding rounding, double tolerance) {
    const Evaluation expected = evaluate(GetParam(), make_inputs(GetParam(), DType::f64, rounding));
    const Evaluation actual = evaluate(GetParam(), make_inputs(GetParam(), dtype, rounding, test_device()));
    EXPECT_LE(deviation(actual.result, expected.result), tolerance) << "result";
    for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
      if (!GetParam().inputs[i].differentiable()) continue;
      ASSERT_TRUE(actual.gradients[i].defined()) << "no gradient of " << GetParam().inputs[i].name;
      EXPECT_LE(deviation(actual.gradients[i], expected.gradients[i]), tolerance)
          << "gradient of " << GetParam().inputs[i].name;
    }
  }
};

TEST_P(Ops, F32AgreesWithDouble) { expect_agreement(DType::f32, Rounding::none, GetParam().tolerance); }

TEST_P(Ops, PlainLoopsInF32AgreeWithDouble) {
  if (test_device() != Device{}) GTEST_SKIP() << "an engine of the cpu";
  const kernels::EngineScope plain(kernels::Engine::plain);
  expect_agreement(DType::f32, Rounding::none, GetParam().tolerance);
}

TEST_P(Ops, Bf16AgreesWithDouble) {
  if (!GetParam().with_bf16) GTEST_SKIP() << "not defined for bf16";
  expect_agreement(DType::bf16, Rounding::through_bf16, GetParam().tolerance_bf16);
}

TEST_P(Ops, TwiceTheSameBits) {
  const auto run = [](int passes) {
    return evaluate(GetParam(), make_inputs(GetParam(), DType::f32, Rounding::none, test_device()), passes);
  };
  const Evaluation first = run(1);
  const auto expect_the_same = [&](const Evaluation& other, const char* what) {
    EXPECT_EQ(first.result.to_vector<float>(), other.result.to_vector<float>()) << what;
    for (std::size_t i = 0; i < first.gradients.size(); ++i) {
      if (!first.gradients[i].defined()) continue;
      EXPECT_EQ(first.gradients[i].to_vector<float>(), other.gradients[i].to_vector<float>())
          << what << ": " << GetParam().inputs[i].name;
    }
  };
  expect_the_same(run(1), "another evaluation");
  // A backward pass that changes what it saved shows here.
  expect_the_same(run(2), "the second pass through a kept graph");
}

// Central differences of <result, g> in double: step 1e-6, rtol 1e-3, atol 1e-5 (the defaults of
// torch.autograd.gradcheck are looser still). At most 60 elements of each input, evenly spread.
TEST_P(Ops, GradientAgreesWithFiniteDifferences) {
  if (test_device() != Device{}) GTEST_SKIP() << "f64 runs on the cpu only";
  std::vector<Tensor> inputs = make_inputs(GetParam(), DType::f64, Rounding::none);
  const Evaluation evaluation = evaluate(GetParam(), inputs);
  const std::vector<double> g = random_tensor(evaluation.result.shape(), DType::f64, 99).to_vector<double>();
  const auto projected = [&] {
    std::vector<Variable> variables(inputs.begin(), inputs.end());
    // Recorded all the same: an operation may behave otherwise outside of training.
    Tape tape;
    for (std::size_t i = 0; i < inputs.size(); ++i) variables[i] = tape.input(inputs[i]);
    const std::vector<double> y = GetParam().run(variables).value().to_vector<double>();
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * g[i];
    return sum;
  };
  constexpr double step = 1e-6;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!GetParam().inputs[i].differentiable()) continue;
    const std::vector<double> analytic = evaluation.gradients[i].to_vector<double>();
    const std::int64_t stride = std::max<std::int64_t>(1, inputs[i].size() / 60);
    for (std::int64_t j = 0; j < inputs[i].size(); j += stride) {
      double& element = inputs[i].mutable_data<double>()[j];
      const double at = element;
      element = at + step;
      const double above = projected();
      element = at - step;
      const double below = projected();
      element = at;
      const double numeric = (above - below) / (2 * step);
      const double found = analytic[static_cast<std::size_t>(j)];
      EXPECT_NEAR(found, numeric, 1e-5 + 1e-3 * std::abs(numeric)) << GetParam().inputs[i].name << "[" << j << "]";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Ops, testing::ValuesIn(small_cases()),
                         [](const testing::TestParamInfo<OpCase>& op_case) { return op_case.param.title(); });

}  // namespace
}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
// ops::pointwise beside the library's own operations; tests/cases/pointwise.cpp has its gradients against differences.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include <sluice/core/ops.h>
#include "tests/support/complaint.h"
#include "tests/support/device.h"
#include "tests/support/formulas.h"
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using Values = std::vector<float>;

struct Outcome {
  Values value, gradients[2];
};

// Of a function of two, with the gradients that a fixed random dy gives.
template <class Function>
Outcome outcome_of(const Function& function, const Tensor& a, const Tensor& b) {
  Tape tape;
  const Variable x = tape.watched(a.to(test_device())), y = tape.watched(b.to(test_device()));
  const Variable result = function(x, y);
  tape.backward(result, random_tensor(result.shape(), DType::f32, 9).to(test_device()));
  return {result.value().to_vector<float>(), {x.gradient().to_vector<float>(), y.gradient().to_vector<float>()}};
}

void expect_near(const Values& actual, const Values& expected, const char* what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], 2e-6 * (1 + std::abs(expected[i]))) << what << " at " << i;
}

void expect_near(const Outcome& actual, const Outcome& expected, const char* what) {
  expect_near(actual.value, expected.value, what);
  for (int k = 0; k < 2; ++k) expect_near(actual.gradients[k], expected.gradients[k], what);
}

TEST(Pointwise, EveryFunctionIsTheOperationOfThatName) {
  using Of = std::function<Variable(const Variable&)>;
  const std::map<std::string, Of> operations = {
      {"negative", ops::negative},
      {"abs", ops::abs},
      {"square", ops::square},
      {"sqrt", ops::sqrt},
      {"rsqrt", ops::rsqrt},
      {"exp", ops::exp},
      {"expm1", ops::expm1},
      {"log", ops::log},
      {"log1p", ops::log1p},
      {"sin", ops::sin},
      {"cos", ops::cos},
      {"tanh", ops::tanh},
      {"erf", ops::erf},
      {"clamp", [](const Variable& x) { return ops::clamp(x, 0.5, 2); }},
      {"sign", ops::sign},
      {"relu", ops::relu},
      {"leaky_relu", [](const Variable& x) { return ops::leaky_relu(x, 0.2); }},
      {"elu", [](const Variable& x) { return ops::elu(x, 0.7); }},
      {"gelu", ops::gelu},
      {"gelu_tanh", ops::gelu_tanh},
      {"sigmoid", ops::sigmoid},
      {"silu", ops::silu},
      {"softplus", ops::softplus},
      {"mish", ops::mish},
      {"hardswish", ops::hardswish}};
  ASSERT_EQ(operations.size(), std::size(kOfOne));
  for (int which = 0; const char* name : kOfOne) {
    const bool positive = std::string_view("sqrt rsqrt log log1p").find(name) != std::string_view::npos;
    const Tensor x = random_tensor({5, 7}, DType::f32, 3, positive ? 0.1 : -4, 4);
    const Of& operation = operations.at(name);
    expect_near(outcome_of([&](const Variable& a, const Variable& b) { return of_one(which, a) + b; }, x, x),
                outcome_of([&](const Variable& a, const Variable& b) { return operation(a) + b; }, x, x), name);
    ++which;
  }
}

TEST(Pointwise, EveryFunctionOfTwoIsTheOperationOfThatName) {
  using Of = Variable (*)(const Variable&, const Variable&);
  const std::map<std::string, Of> operations = {
      {"add", ops::add},
      {"subtract", ops::subtract},
      {"multiply", ops::multiply},
      {"divide", ops::divide},
      {"pow", ops::pow},
      {"maximum", ops::maximum},
      {"minimum", ops::minimum},
      {"where", [](const Variable& a, const Variable& b) { return ops::where(ops::less(a, b), a, b); }}};
  ASSERT_EQ(operations.size(), std::size(kOfTwo));
  const Tensor a = random_tensor({4, 1, 7}, DType::f32, 3, 0.2, 3), b = random_tensor({5, 1}, DType::f32, 4, 0.2, 3);
  for (int which = 0; const char* name : kOfTwo) {
    expect_near(outcome_of([&](const Variable& x, const Variable& y) { return of_two(which, x, y); }, a, b),
                outcome_of(operations.at(name), a, b), name);
    // Equal operands, where maximum and minimum have their kink.
    expect_near(outcome_of([&](const Variable& x, const Variable& y) { return of_two(which, x, y); }, a, a),
                outcome_of(operations.at(name), a, a), name);
    ++which;
  }
}

TEST(Pointwise, IsTheCompositionOfOperations) {
  const Tensor a = random_tensor({6, 1, 5}, DType::f32, 1, -3, 3), b = random_tensor({7, 5}, DType::f32, 2, -3, 3);
  expect_near(outcome_of(gate, a, b),
              outcome_of([](const Variable& x, const Variable& y) { return ops::tanh(x) * ops::sigmoid(y); }, a, b),
              "gate");
}

TEST(Pointwise, AGradientByWhatATermDoesNotDependOnIsNotTouchedByIt) {
  Tape tape;
  const Variable x = tape.watched(Tensor::from<float>({0, 4}, {2}).to(test_device()));
  const Variable y = tape.watched(Tensor::from<float>({3, 3}, {2}).to(test_device()));
  tape.backward(ops::sum(root_times(x, y)));
  // The derivative of the root is infinite at 0.
  EXPECT_EQ(y.gradient().to_vector<float>(), (Values{0, 2}));
  EXPECT_EQ(x.gradient().to_vector<float>(), (Values{std::numeric_limits<float>::infinity(), 0.75f}));
}

TEST(Pointwise, NaNTravels) {
  Tape tape;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Variable x = tape.watched(Tensor::from<float>({nan, 1}, {2}).to(test_device()));
  const Variable y = gate(x, Tensor::from<float>({1, 1}, {2}).to(test_device()));
  tape.backward(ops::sum(y));
  EXPECT_TRUE(std::isnan(y.value().to_vector<float>()[0]));
  EXPECT_TRUE(std::isnan(x.gradient().to_vector<float>()[0]));
  EXPECT_FALSE(std::isnan(x.gradient().to_vector<float>()[1]));
}

TEST(Pointwise, GivesNoGradientThatIsNotWanted) {
  Tape tape;
  const Variable weight = parameter(Tensor::full({3}, 2, DType::f32, test_device()));
  Variable frozen = parameter(Tensor::full({3}, 2, DType::f32, test_device()));
  frozen.requires_gradient(false);
  const Variable x = tape.input(Tensor::full({2, 3}, 0.5, DType::f32, test_device()));
  tape.backward(ops::sum(gaussian(x, weight, frozen)));
  EXPECT_TRUE(weight.gradient().defined());
  EXPECT_FALSE(frozen.gradient().defined());
}

TEST(Pointwise, IsFlooded) {
  const Tensor x = random_tensor({8, 3}, DType::f32, 1, -2, 2).to(test_device());
  const Tensor target = Tensor::full({8, 3}, 0.7, DType::f32, test_device());
  const auto gradient = [&](double level) {
    Tape tape;
    const Variable logits = tape.watched(x);
    tape.backward(ops::flood(ops::mean(focal(logits, target, 2)), level));
    return logits.gradient().to_vector<float>();
  };
  const Values above = gradient(0), below = gradient(100);
  for (std::size_t i = 0; i < above.size(); ++i) EXPECT_EQ(below[i], -above[i]) << i;
}

TEST(Pointwise, SaysWhatIsWrong) {
  const Tensor x = Tensor::zeros({2, 3}, DType::f32, test_device());
  EXPECT_EQ(complaint([&] { gate(x, Tensor::zeros({2}, DType::f32, test_device())); }),
            "[gate] expects shapes that can be broadcast to one, got [2,3] and [2]");
  EXPECT_EQ(complaint([&] { gate(x, Tensor::zeros({3}, DType::bf16, test_device())); }),
            "[gate] expects operands of one type, got f32[2,3] and bf16[3]");
  EXPECT_EQ(complaint([&] {
              gate(Tensor::zeros({3}, DType::i32, test_device()), Tensor::zeros({3}, DType::i32, test_device()));
            }),
            "[gate] expects operands of f32, bf16 or f64, got i32");
  EXPECT_EQ(complaint([&] { gaussian(x, {}, x); }), "[pointwise] expects defined operands, got an undefined operand 1");
}

// This file is not a kernel file.
TEST(Pointwise, OfAFileThatIsNoKernelFileRunsOnTheCpuAlone) {
  const auto twice = [](auto a) { return 2 * a; };
  EXPECT_EQ(ops::pointwise(twice, Tensor::full({2}, 3, DType::f32)).value().to_vector<float>(), (Values{6, 6}));
  if (test_device() == Device{}) return;
  EXPECT_EQ(complaint([&] { ops::pointwise(twice, Tensor::full({2}, 3, DType::f32, test_device())); }),
            "[pointwise] expects operands on the CPU, since the file that calls pointwise was not compiled as a kernel "
            "file (CMake: sluice_add_kernels(target file.cu)), got one on cuda:0");
}

}  // namespace
}  // namespace sluice::test

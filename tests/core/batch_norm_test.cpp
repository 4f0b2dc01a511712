// SPDX-License-Identifier: Apache-2.0
// Normalisation against PyTorch, and what a comparison on random numbers does not reach: running statistics, fused
// forms, large means, NaN, the number of threads.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <sluice/base/threads.h>
#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/batch_norm.h>
#include <sluice/core/ops/fused/batch_norm_relu.h>
#include <sluice/core/ops/layer_norm.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using ops::BatchNormOptions;
using ops::BatchNormStatistics;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor f64(std::initializer_list<double> values, const Shape& shape) { return Tensor::from<double>(values, shape); }

Tensor small_x() { return f64({1, -2, 0.5, 3, 0.25, -1, -1.5, 4, 2, 0.5, 1, -3.5}, {4, 3}); }
Tensor small_residual() { return f64({0.25, -1, 0.5, -0.5, 0.75, 1, 1, 0.5, -0.25, -2, 0.125, 2}, {4, 3}); }
Tensor small_gradient() { return f64({1, -0.5, 2, 0.5, 1.5, -1, -2, 0.25, 1, 0.75, -1, 0.5}, {4, 3}); }
Tensor small_weight() { return f64({1.5, 0.5, -1}, {3}); }
Tensor small_bias() { return f64({0.1, -0.2, 0.3}, {3}); }

void expect_near(const Tensor& actual, std::initializer_list<double> expected, double tolerance, const char* what) {
  const std::vector<double> values = actual.cast(DType::f64).to_vector<double>();
  ASSERT_EQ(values.size(), expected.size()) << what;
  for (std::size_t i = 0; i < values.size(); ++i)
    EXPECT_NEAR(values[i], expected.begin()[i], tolerance) << what << "[" << i << "]";
}

// torch.relu(torch.nn.BatchNorm1d(3)(x) + residual) of PyTorch 1.13, with the parameters above.
TEST(BatchNorm, AddReluAgreesWithPyTorch) {
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 2e-6}, std::pair{DType::f32, 4e-6}}) {
    SCOPED_TRACE(name_of(dtype));
    Tape tape;
    const Variable x = tape.watched(small_x().cast(dtype)), residual = tape.watched(small_residual().cast(dtype));
    const Variable weight = parameter(small_weight().cast(dtype)), bias = parameter(small_bias().cast(dtype));
    BatchNormStatistics statistics{f64({0.5, -1, 2}, {3}).cast(dtype), f64({2, 0.5, 1}, {3}).cast(dtype)};
    const Variable y = ops::batch_norm_add_relu(x, residual, weight, bias, statistics);
    expect_near(y.value(),
                {0.584260166, 0, 0.307634652, 1.7083416, 0.418944538, 1.54618263, 0, 1.0426476, 0, 0, 0, 3.77709603},
                tolerance, "y");
    tape.backward(y, small_gradient().cast(dtype));
    expect_near(x.gradient(),
                {0.554225445, -0.103599392, -0.770253479, -0.165695101, 0.247215733, 0.662082195, -0.0685650706,
                 -0.0417954698, 0.259237647, -0.319965243, -0.101820871, -0.151066422},
                tolerance, "gradient of x");
    expect_near(residual.gradient(), {1, 0, 2, 0.5, 1.5, -1, 0, 0.25, 0, 0, 0, 0.5}, 0, "gradient of residual");
    expect_near(weight.gradient(), {0.858954012, -0.0218425766, 0.49236536}, tolerance, "gradient of weight");
    expect_near(bias.gradient(), {1.5, 1.75, 1.5}, tolerance, "gradient of bias");
    expect_near(statistics.running_mean, {0.525, -0.81875, 1.75}, tolerance, "running mean");
    expect_near(statistics.running_var, {2.14166665, 1.06406248, 1.45}, tolerance, "running variance");
  }
}

TEST(BatchNorm, EvalUsesRunningStatisticsAndLeavesThem) {
  BatchNormStatistics statistics{f64({1, 2}, {2}), f64({4, 0.25}, {2})};
  const Variable y = ops::batch_norm(f64({3, 3}, {1, 2}), f64({2, 3}, {2}), f64({10, 20}, {2}), statistics,
                                     {.epsilon = 1e-12, .mode = Mode::eval});
  expect_near(y.value(), {12, 26}, 1e-9, "y");
  EXPECT_EQ(statistics.running_mean.to_vector<double>(), (std::vector<double>{1, 2}));
  EXPECT_EQ(statistics.running_var.to_vector<double>(), (std::vector<double>{4, 0.25}));
}

struct Outcome {
  Tensor y;
  std::vector<Tensor> gradients;
  BatchNormStatistics statistics;
};

enum class Form { composed, fused };

// relu(batch_norm(x)), with the residual relu(batch_norm(x) + residual). The result has two users, so that the arriving
// gradient is not this operation's alone.
Outcome run(Form form, const Shape& shape, DType dtype, Mode mode, bool with_residual) {
  Tape tape;
  const Shape channels{shape[-1]};
  const DType master = master_dtype(dtype);
  const Variable x = tape.watched(random_tensor(shape, dtype, 1, -1, 2));
  const Variable residual = tape.watched(random_tensor(shape, dtype, 2));
  const Variable weight = parameter(random_tensor(channels, master, 3, 0.5, 2));
  const Variable bias = parameter(random_tensor(channels, master, 4));
  Outcome outcome{.statistics = {random_tensor(channels, master, 5), random_tensor(channels, master, 6, 0.5, 2)}};
  const BatchNormOptions options{.momentum = 0.3, .mode = mode};
  Variable y;
  if (form == Form::fused)
    y = with_residual ? ops::batch_norm_add_relu(x, residual, weight, bias, outcome.statistics, options)
                      : ops::batch_norm_relu(x, weight, bias, outcome.statistics, options);
  else {
    y = ops::batch_norm(x, weight, bias, outcome.statistics, options);
    y = ops::relu(with_residual ? ops::add(y, residual) : y);
  }
  outcome.y = y.value();
  const Variable twice = ops::add(y, y);
  tape.backward(twice, random_tensor(shape, dtype, 7));
  outcome.gradients = {x.gradient(), weight.gradient(), bias.gradient()};
  if (with_residual) outcome.gradients.push_back(residual.gradient());
  return outcome;
}

// Root of the mean square of a - b over that of b. In bf16 the composition rounds before the residual is added, so that
// a few values pass the relu in one form and not in the other; the largest deviation would be about those alone.
double mean_deviation(const Tensor& a, const Tensor& b) {
  const std::vector<double> left = a.cast(DType::f64).to_vector<double>(),
                            right = b.cast(DType::f64).to_vector<double>();
  double difference = 0, magnitude = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    difference += (left[i] - right[i]) * (left[i] - right[i]);
    magnitude += right[i] * right[i];
  }
  return std::sqrt(difference / magnitude);
}

TEST(BatchNormRelu, EqualsItsComposition) {
  for (const auto& [dtype, tolerance] :
       {std::pair{DType::f64, 1e-12}, std::pair{DType::f32, 2e-6}, std::pair{DType::bf16, 6e-2}})
    for (const Mode mode : {Mode::train, Mode::eval})
      for (const bool with_residual : {false, true})
        for (const Shape& shape : {Shape{3, 7, 5, 16}, Shape{40, 103}, Shape{9, 3}}) {
          SCOPED_TRACE(concat(name_of(dtype), shape, mode == Mode::train ? " train" : " eval",
                              with_residual ? " with residual" : ""));
          const Outcome composed = run(Form::composed, shape, dtype, mode, with_residual);
          const Outcome fused = run(Form::fused, shape, dtype, mode, with_residual);
          EXPECT_LE(deviation(fused.y, composed.y), tolerance);
          for (std::size_t i = 0; i < composed.gradients.size(); ++i)
            EXPECT_LE(mean_deviation(fused.gradients[i], composed.gradients[i]), tolerance) << "gradient " << i;
          EXPECT_LE(deviation(fused.statistics.running_mean, composed.statistics.running_mean), 1e-7);
          EXPECT_LE(deviation(fused.statistics.running_var, composed.statistics.running_var), 1e-7);
        }
}

// The first rows are what sums are taken around, so they are made the worst of all.
TEST(BatchNorm, LargeMeansCostNoDigitsOfTheDeviation) {
  constexpr std::int64_t rows = 4000, channels = 19;
  for (const double first_rows : {1e4, 0.0}) {
    SCOPED_TRACE(first_rows);
    Tensor x = random_tensor({rows, channels}, DType::f64, 1, -2, 2);
    for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data<double>()[i] += i < 3 * channels ? first_rows : 1e4;
    x = x.cast(DType::f32);
    const auto normalise = [&](DType dtype) {
      BatchNormStatistics statistics{Tensor::zeros({channels}, dtype), Tensor::zeros({channels}, dtype)};
      const Variable y = ops::batch_norm(x.cast(dtype), Tensor::full({channels}, 1, dtype),
                                         Tensor::zeros({channels}, dtype), statistics, {.momentum = 1});
      return std::pair(y.value(), statistics.running_var);
    };
    const auto [expected, expected_variance] = normalise(DType::f64);
    const auto [actual, variance] = normalise(DType::f32);
    EXPECT_LE(deviation(actual, expected), 1e-3);
    EXPECT_LE(deviation(variance, expected_variance), 1e-4);
  }
}

// Two runs of two rows, the second of them short: means and sums of squared deviations, by hand.
TEST(BatchNorm, TakesTheMomentsThatItIsGiven) {
  const Tensor x = f64({1, 10, 3, 30, 5, 20}, {3, 2});
  const ops::BatchMoments moments{f64({2, 20, 5, 20, 2, 200, 0, 0}, {2, 2, 2}), 2};
  const Tensor one = Tensor::full({2}, 1, DType::f64), zero = Tensor::zeros({2}, DType::f64);
  BatchNormStatistics statistics{zero.clone(), zero.clone()};
  const Variable y = ops::batch_norm(x, one, zero, statistics, {.epsilon = 1e-12, .momentum = 1, .moments = moments});
  const double d = std::sqrt(1.5);
  expect_near(y.value(), {-d, -d, 0, d, d, 0}, 1e-9, "y");
  expect_near(statistics.running_mean, {3, 20}, 1e-12, "running mean");
  expect_near(statistics.running_var, {4, 100}, 1e-12, "running variance");

  EXPECT_THROW(ops::batch_norm(x, one, zero, statistics, {.moments = {moments.values, 3}}), std::invalid_argument)
      << "one run";
  EXPECT_THROW(ops::batch_norm(x, one, zero, statistics, {.moments = {moments.values.cast(DType::f32), 2}}),
               std::invalid_argument)
      << "f32 beside f64";
}

TEST(BatchNorm, SameBitsForEveryNumberOfThreads) {
  const auto outcome_on = [](int count) {
    const int before = thread_count();
    set_thread_count(count);
    Outcome outcome = run(Form::fused, {11, 17, 23, 40}, DType::f32, Mode::train, true);
    set_thread_count(before);
    return outcome;
  };
  const Outcome one = outcome_on(1), three = outcome_on(3);
  EXPECT_EQ(one.y.to_vector<float>(), three.y.to_vector<float>());
  for (std::size_t i = 0; i < one.gradients.size(); ++i)
    EXPECT_EQ(one.gradients[i].to_vector<float>(), three.gradients[i].to_vector<float>()) << "gradient " << i;
  EXPECT_EQ(one.statistics.running_var.to_vector<float>(), three.statistics.running_var.to_vector<float>());
}

TEST(BatchNormRelu, NanTravels) {
  BatchNormStatistics statistics{Tensor::zeros({2}, DType::f64), Tensor::full({2}, 1, DType::f64)};
  const Variable y = ops::batch_norm_relu(f64({kNan, 1, 2, 3}, {2, 2}), Tensor::full({2}, 1, DType::f64),
                                          Tensor::zeros({2}, DType::f64), statistics);
  EXPECT_TRUE(std::isnan(y.value().to_vector<double>()[0]));
  EXPECT_FALSE(std::isnan(y.value().to_vector<double>()[1]));
}

TEST(BatchNorm, RefusesWhatDoesNotFit) {
  const Tensor two = Tensor::full({2}, 1, DType::f32), three = Tensor::full({3}, 1, DType::f32);
  BatchNormStatistics statistics{two.clone(), two.clone()};
  const auto x = [](const Shape& shape, DType dtype = DType::f32) { return Tensor::zeros(shape, dtype); };
  EXPECT_THROW(ops::batch_norm(x({1, 2}), two, two, statistics), std::invalid_argument) << "one value a channel";
  EXPECT_NO_THROW(ops::batch_norm(x({1, 2}), two, two, statistics, {.mode = Mode::eval}));
  EXPECT_THROW(ops::batch_norm(x({4, 2, 2}), two, two, statistics), std::invalid_argument) << "rank 3";
  EXPECT_THROW(ops::batch_norm(x({4, 2}), three, two, statistics), std::invalid_argument) << "three weights";
  EXPECT_THROW(ops::batch_norm(x({4, 2}), two, Tensor{}, statistics), std::invalid_argument) << "no bias";
  EXPECT_THROW(ops::batch_norm(x({4, 2}, DType::f64), two, two, statistics), std::invalid_argument) << "f32 beside f64";
  EXPECT_THROW(ops::batch_norm(x({4, 2}), two, two, statistics, {.momentum = 2}), std::invalid_argument) << "momentum";
  EXPECT_THROW(ops::batch_norm_add_relu(x({4, 2}), x({2, 2}), two, two, statistics), std::invalid_argument)
      << "a residual of another shape";
}

// torch.nn.LayerNorm(3) of PyTorch 1.13.
TEST(LayerNorm, AgreesWithPyTorch) {
  Tape tape;
  const Variable x = tape.watched(small_x());
  const Variable weight = parameter(small_weight()), bias = parameter(small_bias());
  const Variable y = ops::layer_norm(x, weight, bias);
  expect_near(y.value(),
              {1.43349743, -0.898498654, -0.207998991, 2.11995268, -0.349626124, 1.34738278, -1.87973416, 0.349926174,
               0.0800295472, 0.968985021, 0.213802382, 1.70692825},
              1e-6, "y");
  tape.backward(y, small_gradient());
  expect_near(x.gradient(),
              {1.18294203, 0.236586884, -1.41952908, 0.0204709172, -0.0655079484, 0.045036912, -0.00118404627,
               -0.00206840038, 0.00325250626, 0.447672039, -0.397930235, -0.0497418642},
              1e-6, "gradient of x");
  expect_near(weight.gradient(), {4.63645411, -0.303021312, 1.57988703}, 1e-6, "gradient of weight");
  expect_near(bias.gradient(), {0.25, 0.25, 2.5}, 1e-6, "gradient of bias");
}

TEST(LayerNorm, RefusesWhatDoesNotFit) {
  const Tensor two = Tensor::full({2}, 1, DType::f32);
  EXPECT_THROW(ops::layer_norm(Tensor::zeros({4, 3}, DType::f32), two, two), std::invalid_argument);
  EXPECT_THROW(ops::layer_norm(Tensor::zeros({4, 2}, DType::f32), two, Tensor{}), std::invalid_argument);
  EXPECT_THROW(ops::layer_norm(Tensor::zeros({4, 2}, DType::f32), two, two, 0), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::test

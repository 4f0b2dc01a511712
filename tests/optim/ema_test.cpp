// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/ema.h>

#include <gtest/gtest.h>

namespace sluice::test {
namespace {

class Ema : public testing::Test {
 protected:
  void set(double value) {
    Tensor weight = parameters[0].variable.value();
    weight.copy_from(Tensor::full({3}, value, DType::f64));
    buffers[0].tensor.copy_from(Tensor::full({2}, 10 * value, DType::f64));
  }
  double weight() const { return parameters[0].variable.value().to_vector<double>()[2]; }
  double buffer() const { return buffers[0].tensor.to_vector<double>()[1]; }

  std::vector<NamedParameter> parameters{{"weight", parameter(Tensor::full({3}, 1, DType::f64))}};
  std::vector<NamedTensor> buffers{{"running_mean", Tensor::full({2}, 10, DType::f64)}};
};

TEST_F(Ema, AveragesByItsFormula) {
  optim::ExponentialMovingAverage average(parameters, buffers, 0.75);
  for (const double value : {2.0, 3.0}) {
    set(value);
    average.update();
  }
  // 0.75 (0.75 * 1 + 0.25 * 2) + 0.25 * 3
  const double expected = 1.6875;
  average.swap();
  EXPECT_DOUBLE_EQ(weight(), expected);
  EXPECT_DOUBLE_EQ(buffer(), 10 * expected);
  average.swap();
  EXPECT_EQ(weight(), 3);
  EXPECT_EQ(buffer(), 30);
}

TEST_F(Ema, GoesOnFromItsState) {
  optim::ExponentialMovingAverage average(parameters, buffers, 0.5);
  set(2);
  average.update();
  optim::ExponentialMovingAverage resumed(parameters, buffers, 0.5);
  resumed.load_state(average.state());
  resumed.swap();
  EXPECT_EQ(weight(), 1.5);
}

TEST_F(Ema, RefusesMisuse) {
  EXPECT_THROW(optim::ExponentialMovingAverage(parameters, buffers, 1), std::invalid_argument);
  EXPECT_THROW(optim::ExponentialMovingAverage(parameters, buffers, -0.1), std::invalid_argument);
  optim::ExponentialMovingAverage average(parameters, buffers, 0.5);
  EXPECT_THROW(average.load_state({{"weight", Tensor::zeros({3}, DType::f64)}}), std::invalid_argument);
  average.swap();
  EXPECT_THROW(average.update(), std::logic_error);
  EXPECT_THROW(average.state(), std::logic_error);
}

}  // namespace
}  // namespace sluice::test

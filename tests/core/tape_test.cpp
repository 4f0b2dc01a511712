// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/tape.h>

#include <gtest/gtest.h>

#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/elementwise.h>

namespace sluice {
namespace {

Tensor scalar(double value) { return Tensor::full({}, value, DType::f32); }

TEST(Tape, RecordsOnlyWhatCarriesATape) {
  const Variable weight = parameter(scalar(2));
  EXPECT_EQ(ops::scale(weight, 3).tape(), nullptr);
  Tape tape;
  const Variable x = tape.input(scalar(1));
  EXPECT_EQ(ops::scale(x, 3).tape(), &tape);
  EXPECT_EQ(tape.size(), 0u) << "nothing in it wants a gradient";
  ops::add(x, weight);
  EXPECT_EQ(tape.size(), 1u);
}

TEST(Tape, GradientsOfAVariableUsedTwiceMeet) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable x = tape.input(scalar(1));
  // f = (w + x) + 5 w
  tape.backward(ops::add(ops::add(weight, x), ops::add(ops::scale(tape.use(weight), 5), x)));
  EXPECT_EQ(weight.gradient().item(), 6);
  EXPECT_EQ(tape.size(), 0u);
}

TEST(Tape, ParametersGatherOverPassesUntilCleared) {
  Variable weight = parameter(scalar(2));
  for (int pass = 0; pass < 3; ++pass) {
    Tape tape;
    tape.backward(ops::add(tape.input(scalar(0)), weight));
  }
  EXPECT_EQ(weight.gradient().item(), 3);
  weight.clear_gradient();
  EXPECT_FALSE(weight.gradient().defined());
}

TEST(Tape, AGradientSharedByTwoIsNotOverwritten) {
  Tape tape;
  const Variable x = tape.watched(Tensor::from<float>({1, -1}, {2}));
  // add hands the same gradient to both sides; relu's way back may not scribble on what the other side was given.
  const Variable y = ops::add(ops::relu(x), ops::scale(x, 10));
  tape.backward(y, Tensor::from<float>({1, 1}, {2}));
  EXPECT_EQ(x.gradient().to_vector<float>(), (std::vector<float>{11, 10}));
}

TEST(Tape, AnObserverIsToldOfEveryOperationBothWays) {
  std::vector<std::string> told;
  Tape tape([&](const char* name, TapeEvent event) {
    told.push_back(std::string(name) + (event == TapeEvent::recorded ? ">" : "<"));
  });
  tape.backward(ops::relu(ops::scale(tape.watched(scalar(1)), 2)));
  EXPECT_EQ(told, (std::vector<std::string>{"scale>", "relu>", "relu<", "scale<"}));
}

TEST(Tape, MisuseIsNamed) {
  Tape one, two;
  EXPECT_THROW(ops::add(one.watched(scalar(1)), two.input(scalar(1))), std::invalid_argument);
  EXPECT_THROW(one.backward(two.watched(scalar(1))), std::invalid_argument);
  EXPECT_THROW(one.backward(one.watched(Tensor::zeros({2}, DType::f32))), std::invalid_argument);
}

TEST(Tape, AStepAfterTheFirstAsksTheDriverForNothing) {
  const Variable weight = parameter(Tensor::zeros({1000, 100}, DType::f32));
  const auto step = [&] {
    Tape tape;
    const Variable y = ops::relu(ops::add(tape.input(Tensor::zeros({1000, 100}, DType::f32)), weight));
    tape.backward(y, Tensor::zeros({1000, 100}, DType::f32));
    Variable(weight).clear_gradient();
  };
  step();
  const std::uint64_t before = allocator({}).statistics().driver_allocations;
  for (int i = 0; i < 3; ++i) step();
  EXPECT_EQ(allocator({}).statistics().driver_allocations, before);
}

}  // namespace
}  // namespace sluice

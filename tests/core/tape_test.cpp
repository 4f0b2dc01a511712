// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/tape.h>

#include <gtest/gtest.h>

#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/arithmetic.h>

namespace sluice {
namespace {

Tensor scalar(double value) { return Tensor::full({}, value, DType::f32); }

// The text of the exception that f throws; "" where it throws none.
template <class F>
std::string complaint_of(F f) {
  try {
    f();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Tape, RecordsOnlyWhatIsOnATape) {
  const Variable weight = parameter(scalar(2));
  EXPECT_EQ(ops::multiply(weight, 3).tape(), nullptr);
  Tape tape;
  const Variable x = tape.input(scalar(1));
  EXPECT_EQ(ops::multiply(x, 3).tape(), &tape);
  EXPECT_EQ(tape.size(), 0u) << "nothing in it wants a gradient";
  ops::add(x, weight);
  EXPECT_EQ(tape.size(), 1u);
}

TEST(Tape, GradientsOfAVariableUsedTwiceMeet) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable x = tape.input(scalar(1));
  // f = (w + x) + (5 w + x)
  tape.backward(ops::add(ops::add(weight, x), ops::add(ops::multiply(weight, 5), x)));
  EXPECT_EQ(weight.gradient().item(), 6);
  EXPECT_EQ(tape.size(), 0u);
}

TEST(Tape, AnExpressionOfParametersAloneGetsItsGradient) {
  const Variable weight = parameter(scalar(2)), other = parameter(scalar(1));
  // Before there is any tape, two operations deep, one of them used twice.
  const Variable tripled = ops::multiply(weight, 3);
  const Variable sum = ops::add(ops::multiply(tripled, 2), ops::add(tripled, other));
  Tape tape;
  tape.backward(ops::add(ops::add(tape.input(scalar(1)), weight), sum));
  EXPECT_EQ(weight.gradient().item(), 1 + 6 + 3);
  EXPECT_EQ(other.gradient().item(), 1);
}

TEST(Tape, APenaltyOnParametersAloneIsALoss) {
  const Variable weight = parameter(scalar(2));
  const Variable penalty = ops::multiply(weight, 3);
  Tape tape;
  tape.backward(penalty);
  EXPECT_EQ(weight.gradient().item(), 3);
}

TEST(Tape, AnExpressionOfParametersLivesForOneTape) {
  const Variable weight = parameter(scalar(2));
  const Variable tripled = ops::multiply(weight, 3);
  auto tape = std::make_unique<Tape>();
  tape->backward(ops::add(tape->input(scalar(1)), tripled));
  Tape next;
  EXPECT_EQ(complaint_of([&] { ops::add(next.input(scalar(1)), tripled); }),
            "[add] input 1 was recorded on another tape than an input before it");
  tape.reset();
  EXPECT_EQ(
      complaint_of([&] { ops::add(next.input(scalar(1)), tripled); }),
      "[add] input 1 was recorded on a tape that is gone; compute it anew on this one, or detach() it to use it as a "
      "constant");
}

TEST(Tape, WhatWasComputedWithoutATapeDoesNotLoseGradientsInSilence) {
  const Variable weight = parameter(scalar(2));
  const Variable half = ops::add(weight, Variable(scalar(1)));  // a parameter and a constant, as in evaluation
  const Variable deeper = ops::multiply(half, 2);
  Tape tape;
  const Variable x = tape.input(scalar(1));
  EXPECT_EQ(
      complaint_of([&] { ops::add(x, deeper); }),
      "[add] input 1 was computed from parameters and constants without a tape, so their gradients would be lost; "
      "enter the constants by tape.input(), or detach() that input");
  EXPECT_EQ(ops::add(x, deeper.detach()).value().item(), 7);
}

TEST(Tape, ASecondBackwardPassMustBeAskedFor) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable shared = ops::add(tape.input(scalar(1)), weight);
  const Variable a = ops::multiply(shared, 2), b = ops::multiply(shared, 3);
  tape.backward(a);
  EXPECT_EQ(complaint_of([&] { tape.backward(b); }),
            "[backward] the graph below 'multiply' was released by an earlier backward pass; call backward(loss, "
            "KeepGraph::yes) in all passes but the last");
  EXPECT_EQ(complaint_of([&] { tape.backward(a); }).substr(0, 38), "[backward] the graph below 'multiply' ");
  EXPECT_EQ(weight.gradient().item(), 2);
}

TEST(Tape, ResultsRecordedAfterABackwardPassSayThatTheirGraphIsGone) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable shared = ops::add(tape.input(scalar(1)), weight);
  tape.backward(ops::multiply(shared, 2));
  const Variable late = ops::multiply(shared, 3);
  EXPECT_EQ(complaint_of([&] { tape.backward(late); }).substr(0, 34), "[backward] the graph below 'add' w");
}

TEST(Tape, KeptGraphsAddUpTheGradientsOfSeveralLosses) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable shared = ops::add(tape.input(scalar(1)), weight);
  const Variable a = ops::multiply(shared, 2), b = ops::multiply(shared, 3);
  tape.backward(a, KeepGraph::yes);
  EXPECT_EQ(weight.gradient().item(), 2);
  EXPECT_EQ(tape.size(), 3u);
  tape.backward(b, KeepGraph::yes);
  EXPECT_EQ(weight.gradient().item(), 5);
  tape.backward(a);
  EXPECT_EQ(weight.gradient().item(), 7);
  EXPECT_EQ(tape.size(), 0u);
}

TEST(Tape, FrozenParametersSaveTheirBackwardPasses) {
  Variable weight = parameter(scalar(2)), other = parameter(scalar(1));
  std::vector<std::string> ran;
  Tape tape([&](const char* name, TapePhase phase, const Tensor&) {
    if (phase == TapePhase::ran_back) ran.push_back(name);
  });
  weight.requires_gradient(false);
  EXPECT_FALSE(weight.wants_gradient());
  const Variable x = tape.input(scalar(1));
  tape.backward(ops::add(ops::multiply(ops::add(x, weight), 3), other));
  EXPECT_FALSE(weight.gradient().defined());
  EXPECT_EQ(other.gradient().item(), 1);
  EXPECT_EQ(ran, std::vector<std::string>{"add"});
  weight.requires_gradient(true);
  tape.backward(ops::add(x, weight));
  EXPECT_EQ(weight.gradient().item(), 1);
  EXPECT_EQ(complaint_of([&] { ops::add(x, weight).requires_gradient(false); }),
            "[requires_gradient] expects a parameter or a watched input; use detach() for a result");
}

TEST(Tape, FrozenParametersStayPartOfExpressionsOfParameters) {
  Variable direction = parameter(scalar(2)), length = parameter(scalar(3));
  length.requires_gradient(false);
  const Variable weight = ops::add(ops::multiply(direction, 5), length);
  Tape tape;
  tape.backward(ops::add(tape.input(scalar(1)), weight));
  EXPECT_EQ(direction.gradient().item(), 5);
  EXPECT_FALSE(length.gradient().defined());
}

TEST(Tape, DetachStopsTheGradient) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable y = ops::add(tape.input(scalar(1)), weight);
  tape.backward(ops::add(y, ops::multiply(y.detach(), 10)));
  EXPECT_EQ(weight.gradient().item(), 1);
}

TEST(Tape, TheGradientOfAnIntermediateResultCanBeKept) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable y = ops::add(tape.input(scalar(1)), weight);
  const Variable z = ops::multiply(y, 4);
  tape.keep_gradient(y);
  tape.keep_gradient(z);
  tape.backward(z, KeepGraph::yes);
  EXPECT_EQ(y.gradient().item(), 4);
  EXPECT_EQ(z.gradient().item(), 1);
  tape.backward(z);
  EXPECT_EQ(y.gradient().item(), 8) << "it adds up over passes, as a parameter's does";
  EXPECT_EQ(weight.gradient().item(), 8);
}

TEST(Tape, TakesAnyNumberOfInputs) {
  std::vector<Variable> terms;
  for (int i = 0; i < 20; ++i) terms.push_back(parameter(scalar(i)));
  Tape tape;
  terms.push_back(tape.input(scalar(0)));
  std::vector<const Variable*> inputs;
  for (const Variable& term : terms) inputs.push_back(&term);
  const Variable sum = record("sum_of_all", scalar(190), inputs, [](const Tensor& dy, Gradients& gradients) {
    EXPECT_FALSE(gradients.wants(20));
    for (std::size_t i = 0; i < 20; ++i) gradients.add(i, dy);
  });
  tape.backward(ops::multiply(sum, 2));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(terms[static_cast<std::size_t>(i)].gradient().item(), 2);
}

TEST(Tape, AnExceptionInABackwardPassLeavesNothingBehind) {
  const Variable weight = parameter(scalar(2));
  Tape tape;
  const Variable y = ops::add(tape.input(scalar(1)), weight);
  const Variable broken = record("broken", scalar(1), {&y}, [](const Tensor&, Gradients&) { throw std::bad_alloc(); });
  EXPECT_THROW(tape.backward(ops::multiply(broken, 2)), std::bad_alloc);
  EXPECT_EQ(tape.size(), 0u);
  EXPECT_THROW(tape.backward(y), std::invalid_argument);
  EXPECT_FALSE(weight.gradient().defined());
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
  // add hands the same gradient to both sides; relu's backward pass must not overwrite what the other side was given.
  const Variable y = ops::add(ops::relu(x), ops::multiply(x, 10));
  tape.backward(y, Tensor::from<float>({1, 1}, {2}));
  EXPECT_EQ(x.gradient().to_vector<float>(), (std::vector<float>{11, 10}));
}

TEST(Tape, AnObserverSeesEveryValueAndGradient) {
  std::vector<std::string> told;
  Tape tape([&](const char* name, TapePhase phase, const Tensor& tensor) {
    told.push_back(phase == TapePhase::ran_back
                       ? std::string(name) + " ran"
                       : std::string(name) + (phase == TapePhase::recorded ? " = " : " gradient ") +
                             std::to_string(static_cast<int>(tensor.item())));
  });
  tape.backward(ops::relu(ops::multiply(tape.watched(scalar(3)), 2)), scalar(5));
  EXPECT_EQ(told, (std::vector<std::string>{"multiply = 6", "relu = 6", "relu gradient 5", "relu ran",
                                            "multiply gradient 5", "multiply ran"}));
}

TEST(Tape, MisuseIsNamed) {
  Tape one, two;
  EXPECT_THROW(ops::add(one.watched(scalar(1)), two.input(scalar(1))), std::invalid_argument);
  EXPECT_THROW(one.backward(two.watched(scalar(1))), std::invalid_argument);
  EXPECT_THROW(one.backward(one.watched(Tensor::zeros({2}, DType::f32))), std::invalid_argument);
  EXPECT_EQ(complaint_of([&] { one.backward(ops::multiply(one.input(scalar(1)), 2)); }),
            "[backward] the result wants no gradient: it was computed from no parameter, or from frozen ones only");
  EXPECT_THROW(one.backward(one.watched(scalar(1)), Tensor::zeros({2}, DType::f32)), std::invalid_argument);
  EXPECT_THROW(one.backward({}), std::invalid_argument);
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

// SPDX-License-Identifier: Apache-2.0
// RelaxLoss's turns, exact where they are exact.
#include <sluice/core/ops/relax_loss.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/complaint.h"
#include "tests/support/loss_batch.h"

namespace sluice::test {
namespace {

Result relaxed(double level, ops::RelaxPhase phase) {
  Tape tape;
  const Variable x = tape.watched(logits());
  const ops::RelaxedLoss loss = ops::relax_loss(x, labels(), level, phase);
  tape.backward(loss.loss);
  return {.value = loss.loss.value().item(), .mean = loss.mean.item(), .gradient = x.gradient().to_vector<float>()};
}

TEST(RelaxLoss, EvenEpochsFloodAndOddOnesDescendAboveTheLevel) {
  EXPECT_EQ(ops::relax_phase(0), ops::RelaxPhase::flood);
  EXPECT_EQ(ops::relax_phase(7), ops::RelaxPhase::flatten);
  const Result plain = of_plain_mean();
  for (const double level : {plain.value / 2, plain.value * 2}) {
    const Result flooded = of_flooded_mean(level);
    const Result relaxed_loss = relaxed(level, ops::RelaxPhase::flood);
    EXPECT_EQ(relaxed_loss.value, flooded.value);
    EXPECT_EQ(relaxed_loss.gradient, flooded.gradient);
    EXPECT_EQ(relaxed_loss.mean, plain.value);
  }
  const Result above = relaxed(plain.value / 2, ops::RelaxPhase::flatten);
  EXPECT_EQ(above.value, plain.value);
  EXPECT_EQ(above.mean, plain.value);
  for (std::size_t i = 0; i < plain.gradient.size(); ++i) EXPECT_NEAR(above.gradient[i], plain.gradient[i], 1e-7);
}

// Where all rows are right, flattening is plain ascent.
TEST(RelaxLoss, FlattensRightRowsByAscent) {
  Tape tape;
  Tensor right = random_tensor({kRows, kClasses}, DType::f64, 5, -1, 1);
  const std::vector<std::int32_t> targets = labels().to_vector<std::int32_t>();
  for (std::size_t i = 0; i < targets.size(); ++i)
    right.mutable_data<double>()[i * kClasses + static_cast<std::size_t>(targets[i])] += 3;
  const Variable x = tape.watched(right), y = tape.watched(right);
  const ops::RelaxedLoss relaxed_loss = ops::relax_loss(x, labels(), 9, ops::RelaxPhase::flatten);
  tape.backward(ops::add(relaxed_loss.loss, ops::softmax_cross_entropy(y, labels())));
  EXPECT_NEAR(relaxed_loss.loss.value().item(), -relaxed_loss.mean.item(), 1e-15);
  const auto up = x.gradient().to_vector<double>(), down = y.gradient().to_vector<double>();
  for (std::size_t i = 0; i < up.size(); ++i) EXPECT_NEAR(up[i], -down[i], 1e-15);
}

TEST(RelaxLoss, LevelZeroIsTheMeanAndNaNStaysNaN) {
  const Result plain = of_plain_mean();
  for (const ops::RelaxPhase phase : {ops::RelaxPhase::flood, ops::RelaxPhase::flatten}) {
    EXPECT_EQ(relaxed(0, phase).value, plain.value);
    EXPECT_EQ(relaxed(0, phase).gradient, plain.gradient);
    Tensor broken = logits();
    broken.mutable_data<float>()[0] = NAN;
    Tape tape;
    const Variable x = tape.watched(broken);
    const ops::RelaxedLoss loss = ops::relax_loss(x, labels(), 9, phase);
    tape.backward(loss.loss);
    EXPECT_TRUE(std::isnan(loss.loss.value().item()));
    EXPECT_TRUE(std::ranges::all_of(x.gradient().to_vector<float>(), [](float g) { return std::isnan(g); }));
  }
}

TEST(RelaxLoss, MisuseIsNamed) {
  const auto flatten = ops::RelaxPhase::flatten;
  EXPECT_EQ(complaint([&] { ops::relax_loss(logits(), labels(), -1, flatten); }),
            "[relax_loss] expects a finite level of at least 0, got -1");
  EXPECT_NE(complaint([&] { ops::relax_loss(Tensor::zeros({2, 1}, DType::f32), labels(), 1, flatten); }), "");
  EXPECT_EQ(complaint([&] {
              ops::relax_loss(Tensor::zeros({1, 3}, DType::f32), Tensor::from<std::int32_t>({-100}, {1}), 1, flatten);
            }),
            "[relax_loss] ignores no rows: expects labels of at least 0, got -100");
}

}  // namespace
}  // namespace sluice::test

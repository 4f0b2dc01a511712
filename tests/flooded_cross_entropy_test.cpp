// SPDX-License-Identifier: Apache-2.0
// The fused flooded loss is the composition that it stands for: on the CPU bit for bit, on a device to the rounding of
// f32, and never on the other side of the level by more than that.
#include <sluice/core/ops/fused/flooded_cross_entropy.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <sluice/base/philox.h>
#include <sluice/core/ops/flood.h>
#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/relax_loss.h>
#include "tests/support/device.h"
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

struct Batch {
  Tensor logits, labels;
  ops::CrossEntropyOptions options;
};

Batch batch(std::int64_t rows, std::int64_t classes, DType dtype, bool everything) {
  PhiloxStream random(3, RandomPurpose::test, 0);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (std::int32_t& label : labels)
    label = static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(classes)));
  Batch result{random_tensor({rows, classes}, dtype, 1, -4, 4).to(test_device()),
               Tensor::from<std::int32_t>(labels, {rows}).to(test_device()),
               {}};
  if (everything)
    result.options = {.label_smoothing = 0.1,
                      .class_weights = random_tensor({classes}, DType::f32, 2, 0.2, 3).to(test_device()),
                      .ignore_index = 1};
  return result;
}

struct Outcome {
  double value, mean;
  std::vector<float> gradient;
};

std::vector<float> floats(const Tensor& tensor) { return tensor.to(Device{}).cast(DType::f32).to_vector<float>(); }

Outcome composed(const Batch& b, double level, double weight) {
  Tape tape;
  const Variable x = tape.watched(b.logits);
  const Variable mean = ops::softmax_cross_entropy(x, b.labels, b.options);
  const Variable loss = ops::flood(mean, level);
  if (weight == 1)
    tape.backward(loss);
  else
    tape.backward(loss, Tensor::full({}, weight, loss.dtype(), test_device()));
  return {loss.value().item(), mean.value().item(), floats(x.gradient())};
}

Outcome fused(const Batch& b, double level, double weight) {
  Tape tape;
  const Variable x = tape.watched(b.logits);
  const auto [loss, mean] = ops::flooded_cross_entropy(x, b.labels, level, b.options);
  if (weight == 1)
    tape.backward(loss);
  else
    tape.backward(loss, Tensor::full({}, weight, loss.dtype(), test_device()));
  return {loss.value().item(), mean.item(), floats(x.gradient())};
}

void expect_same(const Outcome& actual, const Outcome& expected, double tolerance) {
  EXPECT_NEAR(actual.value, expected.value, tolerance * std::abs(expected.value));
  EXPECT_NEAR(actual.mean, expected.mean, tolerance * std::abs(expected.mean));
  ASSERT_EQ(actual.gradient.size(), expected.gradient.size());
  float largest = 0;
  for (const float g : expected.gradient) largest = std::max(largest, std::abs(g));
  for (std::size_t i = 0; i < actual.gradient.size(); ++i)
    ASSERT_NEAR(actual.gradient[i], expected.gradient[i], tolerance * largest) << i;
}

TEST(FloodedCrossEntropy, IsFloodOfSoftmaxCrossEntropy) {
  const double tolerance = test_device() == Device{} ? 0 : 1e-6;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const bool everything : {false, true})
      for (const auto& [rows, classes] : {std::pair{1, 3}, std::pair{45, 10}, std::pair{33, 65}, std::pair{700, 100}}) {
        const Batch b = batch(rows, classes, dtype, everything);
        const double loss = composed(b, 0, 1).mean;
        for (const double level : {0.0, loss / 2, 2 * loss}) {
          SCOPED_TRACE(concat(name_of(dtype), ' ', rows, 'x', classes, " at ", level, everything ? " with all" : ""));
          expect_same(fused(b, level, 1), composed(b, level, 1), tolerance);
        }
      }
}

// The saved gradient goes out as it is where the pass starts at the loss: a later pass must not scale it in place.
TEST(FloodedCrossEntropy, ALaterPassThroughAKeptGraphLeavesTheFirstGradientAlone) {
  const Batch b = batch(7, 5, DType::f32, false);
  const Tensor levels = Tensor::full({}, 0, DType::f32, test_device());
  for (const bool of_rows : {false, true}) {
    const auto gradient_of_three = [&](KeepGraph keep) {
      Tape tape;
      Variable x = tape.watched(b.logits);
      const Variable loss = of_rows ? ops::flooded_cross_entropy_rows(x, b.labels, levels, {}, b.options).loss
                                    : ops::flooded_cross_entropy(x, b.labels, 0, b.options).loss;
      if (keep == KeepGraph::no) {
        tape.backward(loss, Tensor::full({}, 3, loss.dtype(), test_device()));
        return floats(x.gradient());
      }
      tape.backward(loss, KeepGraph::yes);
      const std::vector<float> first = floats(x.gradient());
      const Tensor held = x.gradient();
      tape.backward(loss, Tensor::full({}, 2, loss.dtype(), test_device()));
      EXPECT_EQ(floats(held), first) << "of rows: " << of_rows;
      return floats(x.gradient());
    };
    const std::vector<float> expected = gradient_of_three(KeepGraph::no), found = gradient_of_three(KeepGraph::yes);
    for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-6) << "of rows: " << of_rows;
  }
}

struct RowsOutcome {
  Outcome outcome;
  double flooded;
};

enum class Form : bool { composed, fused };

RowsOutcome of_rows(Form form, const Batch& b, const Tensor& levels, const ops::FloodOptions& flood) {
  Tape tape;
  const Variable x = tape.watched(b.logits);
  const ops::FloodedRows rows =
      form == Form::fused ? ops::flooded_cross_entropy_rows(x, b.labels, levels, flood, b.options)
                          : ops::flood_rows(ops::softmax_cross_entropy_rows(x, b.labels, b.options), levels, flood);
  tape.backward(rows.loss);
  return {{rows.loss.value().item(), rows.mean.item(), floats(x.gradient())}, rows.flooded.item()};
}

using ops::FloodGranularity;
using ops::FloodTransform;
constexpr ops::FloodOptions kEveryKind[] = {
    {},
    {.granularity = FloodGranularity::group, .group = 4},
    {.granularity = FloodGranularity::group, .group = 30},
    {.granularity = FloodGranularity::sample},
    {.transform = FloodTransform::soft},
    {.granularity = FloodGranularity::group, .group = 4, .transform = FloodTransform::soft, .softness = 0.3},
    {.granularity = FloodGranularity::sample, .transform = FloodTransform::soft}};

// Row losses from 0 to 9 around levels of 2.5, or of 0 to 5.
TEST(FloodedCrossEntropy, OfRowsIsFloodRowsOfTheRowLosses) {
  const double tolerance = test_device() == Device{} ? 0 : 1e-6;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const bool everything : {false, true})
      for (const auto& [rows, classes] : {std::pair{1, 3}, std::pair{45, 10}, std::pair{33, 65}, std::pair{1030, 2}})
        for (const ops::FloodOptions& flood : kEveryKind)
          for (const Tensor& levels : {Tensor::full({}, 2.5, DType::f64), random_tensor({rows}, DType::f32, 4, 0, 5)}) {
            SCOPED_TRACE(concat(name_of(dtype), ' ', rows, 'x', classes, everything ? " with all" : "", ", group ",
                                flood.group, ", levels ", levels.shape()));
            const Batch b = batch(rows, classes, dtype, everything);
            const RowsOutcome expected = of_rows(Form::composed, b, levels.to(test_device()), flood);
            const RowsOutcome actual = of_rows(Form::fused, b, levels.to(test_device()), flood);
            expect_same(actual.outcome, expected.outcome, tolerance);
            EXPECT_EQ(actual.flooded, expected.flooded);
          }
}

TEST(FloodedCrossEntropy, OfRowsReadsItsLevelsAsItRuns) {
  const Batch b = batch(45, 10, DType::f32, false);
  Tensor one = Tensor::full({}, 0.0, DType::f64, test_device());
  Tensor each = Tensor::full({45}, 0.0, DType::f32, test_device());
  const ops::FloodOptions sample{.granularity = FloodGranularity::sample};
  for (const auto& [level, flooded] : {std::pair{0.0, 0.0}, std::pair{50.0, 1.0}}) {
    one.fill(level);
    each.fill(level);
    EXPECT_EQ(of_rows(Form::fused, b, one, sample).flooded, flooded);
    EXPECT_EQ(of_rows(Form::fused, b, each, sample).flooded, flooded);
  }
}

TEST(FloodedCrossEntropy, AGradientThatIsNotOneMultiplies) {
  const Batch b = batch(45, 10, DType::f32, false);
  for (const double level : {0.5, 50.0}) expect_same(fused(b, level, 0.25), composed(b, level, 0.25), 1e-6);
}

TEST(FloodedCrossEntropy, AtTheLevelTheGradientIsZero) {
  const Batch b = batch(45, 10, DType::f32, false);
  const double loss = fused(b, 0, 1).mean;
  for (const float g : fused(b, loss, 1).gradient) ASSERT_EQ(g, 0);
}

TEST(FloodedCrossEntropy, ALevelInMemoryIsTheLevelThatIsThereAsItRuns) {
  const Batch b = batch(45, 10, DType::f32, false);
  Tensor level = Tensor::full({}, 0.0, DType::f64, test_device());
  for (const double now : {0.5, 50.0, 0.0}) {
    level.copy_from(Tensor::full({}, now, DType::f64));
    EXPECT_EQ(ops::flooded_cross_entropy(b.logits, b.labels, level).loss.value().item(), fused(b, now, 1).value);
    Tape tape;
    EXPECT_EQ(ops::flooded_cross_entropy(tape.watched(b.logits), b.labels, level).loss.value().item(),
              fused(b, now, 1).value);
  }
}

TEST(FloodedCrossEntropy, NaNTravels) {
  Batch b = batch(5, 3, DType::f32, false);
  b.logits = Tensor::full({5, 3}, NAN, DType::f32, test_device());
  const Outcome outcome = fused(b, 0.5, 1);
  EXPECT_TRUE(std::isnan(outcome.value));
  for (const float g : outcome.gradient) EXPECT_TRUE(std::isnan(g));
}

// On a device nobody waits to read the labels: one that is no class makes its row NaN, and with it whatever it is
// averaged into, in the loss and in the gradient. On the CPU it is refused (tests/loss_test.cpp).
TEST(FloodedCrossEntropy, AnUnknownLabelOnADeviceIsNaN) {
  if (test_device() == Device{}) GTEST_SKIP() << "the cpu refuses it";
  const auto all_nan = [](const std::vector<float>& values) {
    return std::ranges::all_of(values, [](float value) { return std::isnan(value); });
  };
  for (const std::int32_t unknown : {3, -1, 1 << 30})
    for (const bool everything : {false, true}) {
      SCOPED_TRACE(concat("label ", unknown, everything ? " with all" : ""));
      Batch b = batch(5, 3, DType::f32, everything);
      b.labels = Tensor::from<std::int32_t>({0, 2, unknown, 0, 2}, {5}).to(test_device());
      for (const Outcome& mean : {composed(b, 0.5, 1), fused(b, 0.5, 1)}) {
        EXPECT_TRUE(std::isnan(mean.mean) && std::isnan(mean.value));
        EXPECT_TRUE(all_nan(mean.gradient));
      }
      const ops::FloodOptions sample{.granularity = FloodGranularity::sample};
      for (const Form form : {Form::composed, Form::fused}) {
        const Outcome rows = of_rows(form, b, Tensor::full({}, 0.5, DType::f64, test_device()), sample).outcome;
        EXPECT_TRUE(std::isnan(rows.mean) && std::isnan(rows.value));
        for (std::size_t i = 0; i < rows.gradient.size(); ++i)
          EXPECT_EQ(std::isnan(rows.gradient[i]), i / 3 == 2) << "the row's own gradient alone, at " << i;
      }
      Tape tape;
      const Variable x = tape.watched(b.logits);
      const ops::RelaxedLoss relaxed = ops::relax_loss(x, b.labels, 50, ops::RelaxPhase::flatten);
      tape.backward(relaxed.loss);
      EXPECT_TRUE(std::isnan(relaxed.mean.item()) && std::isnan(relaxed.loss.value().item()));
      EXPECT_TRUE(all_nan(floats(x.gradient())));
    }
}

TEST(FloodedCrossEntropy, MisuseIsNamed) {
  const Batch b = batch(5, 3, DType::f32, false);
  const Tensor half = Tensor::full({}, 0.5, DType::f64, test_device());
  EXPECT_THROW(ops::flooded_cross_entropy_rows(b.logits, b.logits, half, {}), std::invalid_argument);
  EXPECT_THROW(ops::flooded_cross_entropy_rows(b.logits, b.labels, b.logits, {}), std::invalid_argument);
  EXPECT_THROW(ops::flooded_cross_entropy_rows(b.logits, b.labels, half, {.granularity = FloodGranularity::group}),
               std::invalid_argument);
  EXPECT_THROW(ops::flooded_cross_entropy_rows(b.logits.rows(0, 0), b.labels.rows(0, 0), half, {}),
               std::invalid_argument);
  for (const double level : {-0.1, double{INFINITY}, std::nan("")})
    EXPECT_THROW(ops::flooded_cross_entropy(b.logits, b.labels, level), std::invalid_argument) << level;
  EXPECT_THROW(ops::flooded_cross_entropy(b.logits, b.labels, b.logits), std::invalid_argument);
  EXPECT_THROW(ops::flooded_cross_entropy(b.logits, b.logits, 0.5), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::test

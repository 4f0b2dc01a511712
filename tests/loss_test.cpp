// SPDX-License-Identifier: Apache-2.0
// Losses, softmax and pooling against PyTorch's values and gradients (tests/reference/make_loss_fixtures.py), and the
// corners that a comparison on random numbers does not reach.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include <sluice/core/ops.h>
#include "tests/support/complaint.h"
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using Json = nlohmann::json;

const Json& fixtures() {
  static const Json loaded = Json::parse(std::ifstream(SLUICE_REFERENCE_FOLDER "/loss_fixtures.json"));
  return loaded;
}

Tensor tensor_of(const Json& stored, DType dtype) {
  std::vector<double> values;
  for (const Json& value : stored.at("values"))
    values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
  const auto extents = stored.at("shape").get<std::vector<std::int64_t>>();
  return Tensor::from<double>(values, Shape(std::span<const std::int64_t>(extents))).cast(dtype);
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance, const char* what) {
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  const std::vector<double> a = actual.cast(DType::f64).to_vector<double>();
  const std::vector<double> b = expected.cast(DType::f64).to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double limit = tolerance * std::max(1.0, std::abs(b[i]));
    const bool near = std::isnan(b[i]) ? std::isnan(a[i]) : std::abs(a[i] - b[i]) <= limit;
    EXPECT_TRUE(near) << what << "[" << i << "]: " << a[i] << ", expected " << b[i];
  }
}

// Runs `op` on the case's x and its way back on dy, in both types.
void expect_as_stored(const Json& stored, const std::function<Variable(const Variable&, DType)>& op) {
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-12}, std::pair{DType::f32, 1e-6}}) {
    SCOPED_TRACE(name_of(dtype));
    Tape tape;
    const Variable x = tape.watched(tensor_of(stored.at("x"), dtype));
    const Variable y = op(x, dtype);
    expect_near(y.value(), tensor_of(stored.at("y"), dtype), tolerance, "result");
    tape.backward(y, tensor_of(stored.at("dy"), dtype));
    expect_near(x.gradient(), tensor_of(stored.at("dx"), dtype), tolerance, "gradient");
  }
}

Tensor labels_of(const Json& stored) {
  const auto labels = stored.at("labels").get<std::vector<std::int32_t>>();
  return Tensor::from<std::int32_t>(labels, {static_cast<std::int64_t>(labels.size())});
}

ops::CrossEntropyOptions options_of(const Json& stored) {
  const auto weights = stored.at("weight").get<std::vector<float>>();
  ops::CrossEntropyOptions options{.label_smoothing = stored.at("label_smoothing"),
                                   .ignore_index = stored.at("ignore_index")};
  if (!weights.empty())
    options.class_weights = Tensor::from<float>(weights, {static_cast<std::int64_t>(weights.size())});
  return options;
}

TEST(LossAgainstPyTorch, SoftmaxCrossEntropy) {
  for (const Json& stored : fixtures().at("softmax_cross_entropy")) {
    SCOPED_TRACE(stored.at("name").get<std::string>());
    expect_as_stored(stored, [&](const Variable& x, DType) {
      return ops::softmax_cross_entropy(x, labels_of(stored), options_of(stored));
    });
  }
}

TEST(LossAgainstPyTorch, SoftmaxCrossEntropyOfRows) {
  for (const Json& stored : fixtures().at("softmax_cross_entropy_rows")) {
    SCOPED_TRACE(stored.at("name").get<std::string>());
    expect_as_stored(stored, [&](const Variable& x, DType) {
      return ops::softmax_cross_entropy_rows(x, labels_of(stored), options_of(stored));
    });
  }
}

TEST(LossAgainstPyTorch, MeanSquaredError) {
  const Json& stored = fixtures().at("mean_squared_error");
  expect_as_stored(stored, [&](const Variable& x, DType dtype) {
    return ops::mean_squared_error(x, tensor_of(stored.at("target"), dtype));
  });
}

TEST(LossAgainstPyTorch, Softmax) {
  expect_as_stored(fixtures().at("softmax"), [](const Variable& x, DType) { return ops::softmax(x); });
  expect_as_stored(fixtures().at("log_softmax"), [](const Variable& x, DType) { return ops::log_softmax(x); });
}

TEST(LossAgainstPyTorch, Flood) {
  for (const Json& stored : fixtures().at("flood")) {
    SCOPED_TRACE(stored.at("name").get<std::string>());
    expect_as_stored(stored, [&](const Variable& x, DType) { return ops::flood(x, stored.at("level")); });
  }
}

TEST(LossAgainstPyTorch, FloodedRows) {
  for (const Json& stored : fixtures().at("flood_rows")) {
    SCOPED_TRACE(stored.at("name").get<std::string>());
    const double softness = stored.at("softness");
    const ops::FloodOptions options{.granularity = ops::FloodGranularity::group,
                                    .group = stored.at("group"),
                                    .transform = softness == 0 ? ops::FloodTransform::hard : ops::FloodTransform::soft,
                                    .softness = softness};
    expect_as_stored(stored, [&](const Variable& x, DType dtype) {
      return ops::flood_rows(x, tensor_of(stored.at("levels"), dtype), options).loss;
    });
  }
}

TEST(LossAgainstPyTorch, RelaxLoss) {
  for (const Json& stored : fixtures().at("relax_loss")) {
    const bool floods = stored.at("phase") == "flood";
    SCOPED_TRACE(stored.at("phase").get<std::string>() + concat(" at level ", stored.at("level").get<double>()));
    expect_as_stored(stored, [&](const Variable& x, DType) {
      return ops::relax_loss(x, labels_of(stored), stored.at("level"),
                             floods ? ops::RelaxPhase::flood : ops::RelaxPhase::flatten)
          .loss;
    });
  }
}

TEST(LossAgainstPyTorch, Pooling) {
  const auto extent = [](const Json& pair) { return ops::Extent2{pair.at(0), pair.at(1)}; };
  for (const Json& stored : fixtures().at("pool")) {
    SCOPED_TRACE(stored.at("op").get<std::string>() + " " + stored.at("name").get<std::string>());
    const ops::Pool2dOptions options{.kernel = extent(stored.at("kernel")),
                                     .stride = extent(stored.at("stride")),
                                     .padding = extent(stored.at("padding"))};
    const auto op = stored.at("op") == "max_pool2d" ? ops::max_pool2d : ops::avg_pool2d;
    expect_as_stored(stored, [&](const Variable& x, DType) { return op(x, options); });
  }
}

Tensor labels_of(std::initializer_list<std::int32_t> labels) {
  return Tensor::from<std::int32_t>(labels, {static_cast<std::int64_t>(labels.size())});
}

TEST(CrossEntropy, NamesALabelOutOfRangeAndWhereItStands) {
  const Tensor logits = random_tensor({3, 4}, DType::f32, 1);
  EXPECT_EQ(complaint([&] {
              ops::softmax_cross_entropy(logits, labels_of({0, 1, 4}));
            }),
            "[softmax_cross_entropy] label 4 at index 2 is out of range: expects 0 to 3, or -100 to ignore it");
  EXPECT_EQ(complaint([&] {
              ops::softmax_cross_entropy(logits, labels_of({0, -1, 4}), {.ignore_index = 7});
            }),
            "[softmax_cross_entropy] label -1 at index 1 is out of range: expects 0 to 3, or 7 to ignore it");
  EXPECT_EQ(complaint([&] { ops::softmax_cross_entropy(logits, labels_of({0, -1, 3}), {.ignore_index = -1}); }), "");
}

TEST(CrossEntropy, NamesWhatDoesNotFit) {
  const Tensor logits = random_tensor({3, 4}, DType::f32, 1);
  const Tensor labels = labels_of({0, 1, 2});
  EXPECT_EQ(complaint([&] {
              ops::softmax_cross_entropy(logits, labels_of({0, 1}));
            }),
            "[softmax_cross_entropy] labels expect i32[3], got i32[2]");
  EXPECT_EQ(complaint([&] { ops::softmax_cross_entropy(logits, Tensor::zeros({3}, DType::f32)); }),
            "[softmax_cross_entropy] labels expect i32[3], got f32[3]");
  EXPECT_EQ(complaint([&] { ops::softmax_cross_entropy(logits.reshape({12}), labels); }),
            "[softmax_cross_entropy] logits expect [N,C], got [12]");
  EXPECT_EQ(
      complaint([&] { ops::softmax_cross_entropy(logits, labels, {.class_weights = Tensor::zeros({3}, DType::f32)}); }),
      "[softmax_cross_entropy] class weights expect f32[4], got f32[3]");
  for (const double smoothing : {-0.1, 1.1, std::nan("")})
    EXPECT_NE(complaint([&] { ops::softmax_cross_entropy(logits, labels, {.label_smoothing = smoothing}); }), "")
        << smoothing;
}

TEST(CrossEntropy, OfHugeLogitsKeepsItsDigits) {
  const Tensor logits = Tensor::from<float>({1e4f, 1e4f - 1, -1e30f, 0, 0, -INFINITY}, {2, 3});
  // Row 0: log(1 + e^-1) + 1; row 1: log 2.
  const double expected = ((std::log1p(std::exp(-1.0)) + 1) + std::log(2.0)) / 2;
  EXPECT_NEAR(ops::softmax_cross_entropy(logits, labels_of({1, 0})).value().item(), expected, 1e-6);
}

TEST(CrossEntropy, OfNaNIsNaN) {
  for (const float bad : {NAN, INFINITY}) {
    const Tensor logits = Tensor::from<float>({0, bad, 1, 2, 3, 4}, {2, 3});
    EXPECT_TRUE(std::isnan(ops::softmax_cross_entropy(logits, labels_of({0, 0})).value().item())) << bad;
  }
}

TEST(CrossEntropy, OfBf16LogitsIsReckonedInF32) {
  const Tensor logits = random_tensor({64, 10}, DType::bf16, 1, -4, 4);
  const Tensor labels = Tensor::zeros({64}, DType::i32);
  const Tensor loss = ops::softmax_cross_entropy(logits, labels).value();
  EXPECT_EQ(loss.dtype(), DType::f32);
  EXPECT_EQ(loss.item(), ops::softmax_cross_entropy(logits.cast(DType::f32), labels).value().item());
}

TEST(MeanSquaredError, SendsOppositeGradientsToBothSides) {
  Tape tape;
  const Variable x = tape.watched(random_tensor({5, 3}, DType::f32, 1));
  const Variable target = tape.watched(random_tensor({5, 3}, DType::f32, 2));
  tape.backward(ops::mean_squared_error(x, target));
  const std::vector<float> dx = x.gradient().to_vector<float>();
  const std::vector<float> dt = target.gradient().to_vector<float>();
  for (std::size_t i = 0; i < dx.size(); ++i) EXPECT_EQ(dx[i], -dt[i]);
  EXPECT_THROW(ops::mean_squared_error(x, random_tensor({3, 5}, DType::f32, 2)), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
// Analyses against values by hand.
#include <gtest/gtest.h>

#include <cmath>

#include <sluice/analysis/calibration.h>
#include <sluice/analysis/gradient_norm.h>
#include <sluice/analysis/landscape.h>
#include <sluice/analysis/memorisation.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

// Two classes whose first has the probability p.
std::vector<double> logits_of(const std::vector<double>& probabilities) {
  std::vector<double> logits;
  for (const double p : probabilities) logits.insert(logits.end(), {std::log(p), std::log(1 - p)});
  return logits;
}

// Confidences 0.9, 0.9, 0.6, 0.7 and 0.7; the second and the third are wrong. In five bins: (0.8,1] holds two at 0.9,
// half of them right; (0.6,0.8] two at 0.7, both right; 0.6 falls into (0.4,0.6].
TEST(Calibration, OfATableByHand) {
  const Tensor logits = Tensor::from<double>(logits_of({0.9, 0.1, 0.6 - 1e-12, 0.7, 0.3}), {5, 2});
  const Tensor labels = Tensor::from<std::int32_t>({0, 0, 1, 0, 1}, {5});
  const analysis::Calibration result = analysis::calibrate(logits, labels, 5);
  ASSERT_EQ(result.bins.size(), 5u);
  EXPECT_EQ(result.bins[0].images + result.bins[1].images, 0);
  EXPECT_TRUE(std::isnan(result.bins[0].accuracy));
  EXPECT_EQ(result.bins[2].images, 1);
  EXPECT_NEAR(result.bins[2].confidence, 0.6, 1e-9);
  EXPECT_EQ(result.bins[2].accuracy, 0);
  EXPECT_EQ(result.bins[3].images, 2);
  EXPECT_EQ(result.bins[3].accuracy, 1);
  EXPECT_EQ(result.bins[4].images, 2);
  EXPECT_EQ(result.bins[4].accuracy, 0.5);
  EXPECT_NEAR(result.bins[4].high, 1, 1e-15);
  EXPECT_NEAR(result.expected_error, 0.2 * 0.6 + 0.4 * 0.3 + 0.4 * 0.4, 1e-9);
  EXPECT_NEAR(result.largest_error, 0.6, 1e-9);
  EXPECT_NEAR(result.confidence, (0.9 + 0.9 + 0.6 + 0.7 + 0.7) / 5, 1e-9);
  EXPECT_NEAR(result.accuracy, 0.6, 1e-15);
}

TEST(Calibration, OfCertaintyThatIsRightIsPerfect) {
  const Tensor logits = Tensor::from<float>({1000, 0, 0, 0, 1000, 0}, {2, 3});
  const analysis::Calibration result = analysis::calibrate(logits, Tensor::from<std::int32_t>({0, 1}, {2}));
  EXPECT_EQ(result.bins.size(), 15u);
  EXPECT_EQ(result.bins[14].images, 2);
  EXPECT_EQ(result.expected_error, 0);
  // An even guess among three is right once in three times.
  const analysis::Calibration guess =
      analysis::calibrate(Tensor::zeros({3, 3}, DType::f32), Tensor::from<std::int32_t>({0, 1, 2}, {3}));
  EXPECT_NEAR(guess.expected_error, 0, 1e-15);
  EXPECT_EQ(guess.bins[4].images, 3) << "1/3 is in (4/15, 5/15]";
}

TEST(Calibration, MisuseIsNamed) {
  const Tensor labels = Tensor::zeros({2}, DType::i32);
  EXPECT_THROW(analysis::calibrate(Tensor::zeros({2, 3}, DType::f32), labels, 0), std::invalid_argument);
  EXPECT_THROW(analysis::calibrate(Tensor::zeros({3, 3}, DType::f32), labels), std::invalid_argument);
  EXPECT_THROW(analysis::calibrate(Tensor::full({2, 3}, NAN, DType::f32), labels), std::invalid_argument);
}

TEST(Memorisation, CountsTheWrongLabelsThatAreBelieved) {
  // Predictions 0, 1, 2, 2; image 1 is as it should be.
  const Tensor logits = Tensor::from<float>({9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 9}, {4, 3});
  const std::vector<std::int32_t> given{0, 1, 0, 1}, truth{1, 1, 2, 0};
  const analysis::Memorisation result = analysis::memorisation(logits, given, truth);
  EXPECT_EQ(result.images, 3);
  EXPECT_NEAR(result.memorised, 1 / 3.0, 1e-15);
  EXPECT_NEAR(result.corrected, 1 / 3.0, 1e-15);
  EXPECT_TRUE(std::isnan(analysis::memorisation(logits, truth, truth).memorised));
  EXPECT_THROW(analysis::memorisation(logits, std::span(given).first(3), truth), std::invalid_argument);
}

// Two filters of norms 5 and 2, and a bias of norm 3.
std::vector<NamedParameter> two_parameters() {
  return {{"weight", parameter(Tensor::from<double>({3, 4, 0, 2}, {2, 2}))},
          {"bias", parameter(Tensor::from<double>({3, 0}, {2}))}};
}

TEST(GradientNorm, InThreeFormsByHand) {
  std::vector<NamedParameter> parameters = two_parameters();
  parameters[0].variable.set_gradient(Tensor::from<double>({1, 0, 0, 2}, {2, 2}));
  parameters[1].variable.set_gradient(Tensor::from<double>({0, 2}, {2}));
  const analysis::GradientNorms norms = analysis::gradient_norms(parameters);
  EXPECT_NEAR(norms.plain, 3, 1e-15);
  EXPECT_NEAR(norms.tensor, std::sqrt(29 * 5 + 9 * 4), 1e-12) << "|w|^2 |g|^2 of both";
  EXPECT_NEAR(norms.filter, std::sqrt(25 * 1 + 4 * 4), 1e-12) << "by rows of the weight alone";
}

TEST(GradientNorm, DoesNotSeeAFactorThatTheNextLayerTakesBack) {
  std::vector<NamedParameter> parameters = two_parameters(), scaled = two_parameters();
  const Tensor gradient = Tensor::from<double>({1, 0, 0, 2}, {2, 2});
  parameters[0].variable.set_gradient(gradient);
  // w -> 8 w makes g -> g / 8.
  scaled[0].variable.value().copy_from(Tensor::from<double>({24, 32, 0, 16}, {2, 2}));
  scaled[0].variable.set_gradient(Tensor::from<double>({1 / 8.0, 0, 0, 2 / 8.0}, {2, 2}));
  EXPECT_EQ(analysis::gradient_norms(parameters).tensor, analysis::gradient_norms(scaled).tensor);
  EXPECT_EQ(analysis::gradient_norms(parameters).filter, analysis::gradient_norms(scaled).filter);
}

TEST(Landscape, DirectionsAreAsLongAsTheirFilters) {
  const std::vector<NamedParameter> parameters = two_parameters();
  const analysis::Direction d = analysis::filter_normalised_direction(parameters, 1, 0);
  const std::vector<double> w = d[0].to_vector<double>();
  EXPECT_NEAR(std::hypot(w[0], w[1]), 5, 1e-12);
  EXPECT_NEAR(std::hypot(w[2], w[3]), 2, 1e-12);
  EXPECT_EQ(d[1].to_vector<double>(), (std::vector<double>{0, 0})) << "biases stay";
  EXPECT_EQ(analysis::filter_normalised_direction(parameters, 1, 0)[0].to_vector<double>(), w);
  EXPECT_NE(analysis::filter_normalised_direction(parameters, 1, 1)[0].to_vector<double>(), w);
  EXPECT_NE(analysis::filter_normalised_direction(parameters, 2, 0)[0].to_vector<double>(), w);
}

// L(w) = |w|^2 / 2: along d, L + x w.d + x^2 |d|^2 / 2.
TEST(Landscape, OfAQuadraticIsAParabola) {
  const std::vector<NamedParameter> parameters = two_parameters();
  const auto loss = [&] {
    double sum = 0;
    for (const NamedParameter& parameter : parameters)
      for (const double value : parameter.variable.value().to_vector<double>()) sum += value * value / 2;
    return sum;
  };
  const double at = loss();
  const analysis::Direction d{Tensor::from<double>({1, 0, 0, 1}, {2, 2}), Tensor::from<double>({0, 2}, {2})};
  const analysis::Direction e{Tensor::from<double>({0, 1, 0, 0}, {2, 2}), Tensor::zeros({2}, DType::f64)};
  const std::vector<double> xs{-1, 0, 0.5, 2};
  const std::vector<double> line = analysis::landscape_line(parameters, d, xs, loss);
  for (std::size_t i = 0; i < xs.size(); ++i) EXPECT_NEAR(line[i], at + xs[i] * (3 + 2) + xs[i] * xs[i] * 6 / 2, 1e-12);
  EXPECT_EQ(loss(), at) << "and the parameters are back";
  const std::vector<double> ys{-2, 1};
  const auto plane = analysis::landscape_plane(parameters, d, e, xs, ys, loss);
  ASSERT_EQ(plane.size(), 2u);
  for (std::size_t j = 0; j < ys.size(); ++j)
    for (std::size_t i = 0; i < xs.size(); ++i)
      EXPECT_NEAR(plane[j][i], at + xs[i] * 5 + xs[i] * xs[i] * 3 + ys[j] * 4 + ys[j] * ys[j] / 2, 1e-12);
}

TEST(Landscape, ParametersComeBackWhereTheLossThrows) {
  const std::vector<NamedParameter> parameters = two_parameters();
  const std::vector<double> before = parameters[0].variable.value().to_vector<double>();
  const analysis::Direction d = analysis::filter_normalised_direction(parameters, 1, 0);
  EXPECT_THROW(analysis::landscape_line(parameters, d, {0.5}, []() -> double { throw std::runtime_error("stop"); }),
               std::runtime_error);
  EXPECT_EQ(parameters[0].variable.value().to_vector<double>(), before);
  EXPECT_THROW(analysis::landscape_line(parameters, {d[0]}, {0.5}, [] { return 0.0; }), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::test

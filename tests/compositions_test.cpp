// SPDX-License-Identifier: Apache-2.0
// Losses and layers of research code, written with the public header alone, against PyTorch's values and gradients in
// double: tests/reference/make_compositions_fixture.py.
#include <sluice/sluice.h>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/support/op_case.h"
#include "tests/support/reference.h"

namespace sluice::test {
namespace {

using In = std::vector<Variable>;

// Labels of 5 rows of 4 classes.
Tensor labels() { return Tensor::from<std::int32_t>({2, 0, 3, 3, 1}, {5}); }

// Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 4, with gamma = 2.
Variable focal_loss(const In& in) {
  const Variable log_p = ops::gather(ops::log_softmax(in[0]), labels().reshape({5, 1}), 1);
  return ops::mean(-ops::square(1 - ops::exp(log_p)) * log_p);
}

// Hinton et al., "Distilling the knowledge in a neural network", 2015, at temperature 4.
Variable distillation(const In& in) {
  constexpr double t = 4;
  const Variable p = ops::softmax(in[1] / t);
  const Variable divergence = ops::sum(p * (ops::log_softmax(in[1] / t) - ops::log_softmax(in[0] / t))) / 5;
  return 0.7 * t * t * divergence + 0.3 * ops::softmax_cross_entropy(in[0], labels());
}

// Chen et al., "A simple framework for contrastive learning", ICML 2020, equation 1, at temperature 0.5.
Variable nt_xent(const In& in) {
  const Variable both = ops::concatenate({in[0], in[1]}, 0);
  const Variable z = both / ops::norm(both, ops::Norm::two, {1}, ops::KeepAxes::yes);
  const Variable similarity = ops::matmul(z, z, {.transpose_b = true}) / 0.5;
  const Variable others = ops::masked_fill(similarity, ops::equal(eye(6), 1).value(), -1e30);
  return ops::softmax_cross_entropy(others, Tensor::from<std::int32_t>({3, 4, 5, 0, 1, 2}, {6}));
}

// Schroff et al., "FaceNet", CVPR 2015, with the distance itself as in PyTorch, margin 1.
Variable triplet(const In& in) {
  const auto distance = [](const Variable& a, const Variable& b) { return ops::norm(a - b, ops::Norm::two, {1}); };
  return ops::mean(ops::relu(distance(in[0], in[1]) - distance(in[0], in[2]) + 1));
}

// Kingma and Welling, "Auto-encoding variational Bayes", 2014: reconstruction by Bernoulli pixels, and appendix B's
// divergence.
Variable elbo(const In& in) {
  const Variable &x = in[0], &mean = in[1], &log_variance = in[2], &noise = in[3], &decoder = in[4];
  const Variable z = mean + ops::exp(0.5 * log_variance) * noise;
  const Variable logits = ops::matmul(z, decoder);
  const Variable reconstruction = ops::sum(ops::softplus(logits) - ops::sigmoid(x) * logits);
  const Variable divergence = -0.5 * ops::sum(1 + log_variance - ops::square(mean) - ops::exp(log_variance));
  return (reconstruction + divergence) / 3;
}

// Arjovsky et al., "Wasserstein GAN", ICML 2017: what the critic minimizes.
Variable wgan_critic(const In& in) {
  const auto critic = [&](const Variable& x) {
    return ops::matmul(ops::leaky_relu(ops::matmul(x, in[2], {.transpose_b = true}), 0.2), in[3],
                       {.transpose_b = true});
  };
  return ops::mean(critic(in[1])) - ops::mean(critic(in[0]));
}

// Salimans and Kingma, "Weight normalization", NeurIPS 2016, equation 2.
Variable weight_normalization(const In& in) {
  const Variable weight = ops::unsqueeze(in[2], 1) * in[1] / ops::norm(in[1], ops::Norm::two, {1}, ops::KeepAxes::yes);
  return ops::matmul(in[0], weight, {.transpose_b = true});
}

// Hu et al., "Squeeze-and-excitation networks", CVPR 2018.
Variable squeeze_and_excitation(const In& in) {
  const Variable squeezed = ops::mean(in[0], {1, 2});
  const Variable hidden = ops::relu(ops::matmul(squeezed, in[1], {.transpose_b = true}));
  const Variable gate = ops::sigmoid(ops::matmul(hidden, in[2], {.transpose_b = true}));
  return in[0] * ops::reshape(gate, {2, 1, 1, 8});
}

// Vaswani et al., "Attention is all you need", NeurIPS 2017, with two heads.
Variable self_attention(const In& in) {
  constexpr std::int64_t n = 2, t = 3, c = 4, heads = 2;
  In parts;
  for (const Variable& part : ops::split(ops::matmul(in[0], in[1]), {c, c, c}, 2))
    parts.push_back(ops::permute(ops::reshape(part, {n, t, heads, c / heads}), {0, 2, 1, 3}));
  const Variable scores = ops::matmul(parts[0], parts[1], {.transpose_b = true}) / std::sqrt(double(c / heads));
  const Variable mixed = ops::permute(ops::matmul(ops::softmax(scores), parts[2]), {0, 2, 1, 3});
  return ops::matmul(ops::reshape(mixed, {n, t, c}), in[2]);
}

// Huang et al., "Densely connected convolutional networks", CVPR 2017, without normalization.
Variable dense_block(const In& in) {
  Variable x = in[0];
  for (std::size_t i = 1; i < in.size(); ++i)
    x = ops::concatenate({x, ops::conv2d(ops::relu(x), in[i], {}, {.padding = {1, 1}})}, 3);
  return x;
}

struct Composition {
  const char* name;
  std::vector<Shape> shapes;
  Variable (*run)(const In&);
};
void PrintTo(const Composition& composition, std::ostream* out) { *out << composition.name; }

std::vector<Composition> compositions() {
  return {{"dense_block", {{2, 5, 4, 3}, {2, 3, 3, 3}, {2, 3, 3, 5}}, dense_block},
          {"distillation", {{5, 4}, {5, 4}}, distillation},
          {"elbo", {{3, 6}, {3, 2}, {3, 2}, {3, 2}, {2, 6}}, elbo},
          {"focal_loss", {{5, 4}}, focal_loss},
          {"nt_xent", {{3, 7}, {3, 7}}, nt_xent},
          {"self_attention", {{2, 3, 4}, {4, 12}, {4, 4}}, self_attention},
          {"squeeze_and_excitation", {{2, 3, 5, 8}, {2, 8}, {8, 2}}, squeeze_and_excitation},
          {"triplet", {{4, 3}, {4, 3}, {4, 3}}, triplet},
          {"weight_normalization", {{3, 5}, {4, 5}, {4}}, weight_normalization},
          {"wgan_critic", {{4, 3}, {5, 3}, {6, 3}, {1, 6}}, wgan_critic}};
}

class CompositionTest : public testing::TestWithParam<Composition> {};

TEST_P(CompositionTest, IsPyTorchs) {
  static const Archive archive = load_reference("compositions.safetensors");
  const std::string name = GetParam().name;
  Tape tape;
  In inputs;
  for (const Shape& shape : GetParam().shapes)
    inputs.push_back(tape.watched(pattern(shape, static_cast<std::uint32_t>(inputs.size()))));
  const Variable y = GetParam().run(inputs);
  EXPECT_LE(deviation(y.value(), reference(archive, name + ".y")), 1e-11);
  tape.backward(y, pattern(y.shape(), 99));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_LE(deviation(inputs[i].gradient(), reference(archive, name + ".d" + std::to_string(i))), 1e-11) << i;
}

// Every loss composes with flooding: below the level the gradient is the loss's own, turned round.
TEST(Compositions, AreFlooded) {
  for (const Composition& composition : compositions()) {
    const auto gradient = [&](double level) {
      Tape tape;
      In inputs;
      for (const Shape& shape : composition.shapes)
        inputs.push_back(tape.watched(pattern(shape, static_cast<std::uint32_t>(inputs.size()))));
      const Variable y = composition.run(inputs);
      const Variable loss = ops::square(y.shape().rank() == 0 ? y : ops::sum(y));
      tape.backward(level > 0 ? ops::flood(loss, level) : loss);
      return inputs[0].gradient().to_vector<double>();
    };
    const std::vector<double> plain = gradient(0), flooded = gradient(1e6);
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(flooded[i], -plain[i]) << composition.name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, CompositionTest, testing::ValuesIn(compositions()),
                         [](const auto& composition) { return std::string(composition.param.name); });

}  // namespace
}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
// The bf16 copy beside an f32 tensor is what its elements round to, whoever wrote them and however; and it is not made
// again where nobody did. On the device that SLUICE_TEST_DEVICE names.
#include <sluice/core/rounded_copy.h>

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include <sluice/core/graph.h>
#include <sluice/core/ops.h>
#include <sluice/kernels/runtime/memory.h>
#include <sluice/nn/models.h>
#include <sluice/nn/state.h>
#include <sluice/optim/adam.h>
#include <sluice/optim/ema.h>
#include <sluice/optim/perturbation.h>
#include <sluice/optim/sgd.h>
#include "tests/support/device.h"
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using Bits = std::vector<std::uint16_t>;

// To 8 significant bits, halves to the even one (the rounding of std::nearbyint), cut off at float's least exponent.
float rounded(float value) {
  if (value == 0 || !std::isfinite(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int least = std::max(exponent - 8, -133);
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(double{value}, -least)), least));
}

Bits wanted(const Tensor& tensor) {
  Bits bits;
  for (const float value : tensor.to_vector<float>())
    bits.push_back(static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded(value)) >> 16));
  return bits;
}

// What is in the copy's memory, whether current or stale.
Bits in_memory(Tensor tensor) {
  Bits bits(static_cast<std::size_t>(tensor.size()));
  kernels::copy_bytes(exec_of(tensor), Device{}, bits.data(), tensor.device(), tensor.rounded_to_write(),
                      bits.size() * 2);
  return bits;
}

Bits copy_of(const Tensor& tensor) {
  tensor.rounded();
  return in_memory(tensor);
}

// Whether rounded() takes the copy as it is: what was put there against the rules comes back.
bool is_taken_as_it_is(Tensor tensor) {
  const Bits mark(static_cast<std::size_t>(tensor.size()), 0x4242);
  kernels::copy_bytes(exec_of(tensor), tensor.device(), tensor.rounded_to_write(), Device{}, mark.data(),
                      mark.size() * 2);
  const bool taken = copy_of(tensor) == mark;
  tensor.mutable_data<float>();
  return taken;
}

Tensor numbers(const Shape& shape, std::uint32_t stream) {
  return random_tensor(shape, DType::f32, stream).to(test_device());
}

TEST(RoundedCopy, IsRoundedToNearestEven) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float ulp = std::ldexp(1.0F, -7);
  const Tensor tensor =
      Tensor::from<float>({0, -0.0F, 1, 1 + ulp / 2, 1 + 3 * ulp / 2, -1 - 3 * ulp / 2, 1 + 0.51F * ulp, 3e-39F, 1e-45F,
                           3.39e38F, std::numeric_limits<float>::max(), infinity, -infinity},
                          {13}, test_device());
  const Bits bits = copy_of(tensor);
  EXPECT_EQ(bits, wanted(tensor));
  EXPECT_EQ(bits[3], 0x3f80) << "a half goes to the even 1";
  EXPECT_EQ(bits[4], 0x3f82) << "and up to the even 1 + 2 ulp";
  EXPECT_THROW(Tensor::zeros({2}, DType::f64).rounded(), std::invalid_argument);
}

TEST(RoundedCopy, IsMadeOnceAndAgainAfterEveryWayOfWriting) {
  Tensor tensor = numbers({5, 7}, 1);
  EXPECT_EQ(copy_of(tensor), wanted(tensor));
  tensor.data<float>();
  tensor.to_vector<float>();
  tensor.cast(DType::bf16);
  tensor.clone();
  EXPECT_TRUE(is_taken_as_it_is(tensor)) << "reading makes nothing stale";
  const std::vector<std::function<void()>> writes{
      [&] {
        tensor.copy_from(numbers({5, 7}, 2));
      },
      [&] { tensor.reshape({35}).copy_from(numbers({35}, 3)); },
      [&] { tensor.fill(1.01); },
      [&] { tensor.fill_zero(); },
      [&] {
        const Tensor other = numbers({5, 7}, 4);
        kernels::copy_bytes(exec_of(tensor), tensor.device(), tensor.mutable_data<float>(), tensor.device(),
                            other.raw(), tensor.bytes());
      },
  };
  for (std::size_t i = 0; i < writes.size(); ++i) {
    writes[i]();
    EXPECT_EQ(copy_of(tensor), wanted(tensor)) << "write " << i;
  }
}

std::vector<NamedParameter> parameters_for(const std::vector<Shape>& shapes) {
  std::vector<NamedParameter> parameters;
  for (std::size_t i = 0; i < shapes.size(); ++i)
    parameters.push_back({concat("weight", i), parameter(numbers(shapes[i], static_cast<std::uint32_t>(i)))});
  return parameters;
}

void set_gradients(std::vector<NamedParameter>& parameters, std::uint32_t stream) {
  for (NamedParameter& each : parameters) each.variable.set_gradient(numbers(each.variable.shape(), stream++));
}

TEST(RoundedCopy, IsWrittenAlongByTheOptimisers) {
  using optim::Nesterov;
  for (int kind = 0; kind < 5; ++kind) {
    // Sizes with and without whole packs, and more than a block's share.
    std::vector<NamedParameter> parameters = parameters_for({{64, 65}, {7}, {3, 4}, {1}});
    std::unique_ptr<optim::Optimizer> optimizer;
    if (kind < 3)
      optimizer = std::make_unique<optim::Sgd>(parameters,
                                               optim::SgdOptions{.momentum = kind == 0 ? 0 : 0.9,
                                                                 .nesterov = kind == 2 ? Nesterov::yes : Nesterov::no,
                                                                 .weight_decay = 1e-2});
    else
      optimizer = std::make_unique<optim::Adam>(
          parameters, optim::AdamOptions{.weight_decay = 1e-2,
                                         .decay = kind == 3 ? optim::Decay::coupled : optim::Decay::decoupled});
    // One has no copy, and gets none.
    for (std::size_t i = 0; i < 3; ++i) parameters[i].variable.value().rounded();
    for (std::uint32_t step = 0; step < 3; ++step) {
      set_gradients(parameters, 10 * step);
      optimizer->step();
    }
    for (std::size_t i = 0; i < 3; ++i) {
      const Tensor& value = parameters[i].variable.value();
      EXPECT_EQ(in_memory(value), wanted(value)) << "optimiser " << kind << ", parameter " << i;
      EXPECT_TRUE(is_taken_as_it_is(value)) << "optimiser " << kind << ", parameter " << i;
    }
    EXPECT_EQ(parameters[3].variable.value().rounded_to_write(), nullptr);
  }
}

TEST(RoundedCopy, FollowsALoadedModel) {
  const nn::ModelOptions options{.name = "mlp_paper", .image = {1, 1, 2}, .classes = 2, .device = test_device()};
  const auto model = nn::make_model(options);
  for (const NamedParameter& each : model->parameters()) each.variable.value().rounded();
  nn::ModelOptions other = options;
  other.seed = 9;
  nn::load_model_state(*model, nn::model_state(*nn::make_model(other)));
  for (const NamedParameter& each : model->parameters())
    EXPECT_EQ(copy_of(each.variable.value()), wanted(each.variable.value())) << each.name;
}

TEST(RoundedCopy, FollowsTheSwapOfAnAverage) {
  std::vector<NamedParameter> parameters = parameters_for({{9, 8}});
  Tensor& weight = parameters[0].variable.value();
  optim::ExponentialMovingAverage average(parameters, {}, 0.5);
  weight.copy_from(numbers({9, 8}, 7));
  weight.rounded();
  average.update();
  EXPECT_TRUE(is_taken_as_it_is(weight)) << "an average only reads";
  for (int i = 0; i < 2; ++i) {
    weight.rounded();
    average.swap();
    EXPECT_EQ(copy_of(weight), wanted(weight));
  }
}

TEST(RoundedCopy, FollowsAPerturbationAndItsEnd) {
  std::vector<NamedParameter> parameters = parameters_for({{9, 8}});
  const Tensor weight = parameters[0].variable.value();
  optim::Sam sam(parameters, {}, 0.5);
  optim::GradientPenalty penalty(parameters, {}, {.strength = 0.1, .step = 0.3});
  for (optim::Perturbation* perturbation :
       {static_cast<optim::Perturbation*>(&sam), static_cast<optim::Perturbation*>(&penalty)}) {
    weight.rounded();
    set_gradients(parameters, 3);
    perturbation->perturb();
    EXPECT_EQ(copy_of(weight), wanted(weight));
    set_gradients(parameters, 4);
    perturbation->restore();
    EXPECT_EQ(copy_of(weight), wanted(weight));
  }
}

class RoundedCopyOnDevice : public testing::Test {
 protected:
  void SetUp() override {
    if (test_device().kind == DeviceKind::cpu) GTEST_SKIP() << "the cpu device reads no copies and records no graphs";
  }
};

// Steps of a small network in bf16; `before` is called before every use of its weights.
std::vector<std::vector<float>> weights_after_training(const std::function<void(const Tensor&)>& before) {
  std::vector<NamedParameter> parameters = parameters_for({{8, 3, 3, 3}, {8, 3, 3, 8}, {5, 8 * 36}});
  const auto use = [&](std::size_t i) {
    before(parameters[i].variable.value());
    return parameters[i].variable;
  };
  const auto prepare = [&] {
    for (std::size_t i = 0; i < 3; ++i) use(i);
  };
  const Tensor images = numbers({4, 6, 6, 3}, 20).cast(DType::bf16);
  const Tensor labels = Tensor::from<std::int32_t>({0, 1, 2, 4}, {4}, test_device());
  optim::Sgd sgd(parameters, {.learning_rate = 0.05, .momentum = 0.9});
  for (int step = 0; step < 4; ++step) {
    Tape tape;
    const ops::Conv2dOptions same{.padding = {1, 1}};
    const Variable hidden = ops::relu(ops::conv2d(tape.input(images), use(0), Variable(), same));
    const Variable features = ops::relu(ops::conv2d(hidden, use(1), Variable(), same));
    const Variable logits = ops::linear(ops::reshape(features, {4, 8 * 36}), use(2));
    const Variable loss = ops::softmax_cross_entropy(logits, labels);
    prepare();
    tape.backward(loss);
    sgd.step();
    sgd.clear_gradients();
  }
  std::vector<std::vector<float>> weights;
  for (const NamedParameter& each : parameters) weights.push_back(each.variable.value().to_vector<float>());
  return weights;
}

TEST_F(RoundedCopyOnDevice, TrainsToTheBitsOfWeightsRoundedAtEveryUse) {
  const auto kept = weights_after_training([](const Tensor&) {});
  const auto made_again = weights_after_training([](Tensor weight) { weight.mutable_data<float>(); });
  EXPECT_EQ(kept, made_again);
}

TEST_F(RoundedCopyOnDevice, IsWhatForwardAndBackwardRead) {
  const Variable weight = parameter(numbers({6, 8}, 1));
  const Tensor x = numbers({4, 8}, 2).cast(DType::bf16);
  Tensor elements = weight.value();
  elements.rounded();
  kernels::fill_zero(exec_of(x), elements.rounded_to_write(), 6 * 8 * 2);
  Tape tape;
  const Variable input = tape.watched(x);
  const Variable y = ops::linear(input, weight);
  tape.backward(y, numbers({4, 6}, 3).cast(DType::bf16));
  EXPECT_EQ(y.value().cast(DType::f32).to_vector<float>(), std::vector<float>(4 * 6, 0.0F));
  EXPECT_EQ(input.gradient().cast(DType::f32).to_vector<float>(), std::vector<float>(4 * 8, 0.0F));
}

// A step y = x W', W -= rate G, and the graph that holds it.
class GraphOfAStep {
 public:
  explicit GraphOfAStep(DType activations) : x_(numbers({4, 8}, 2).cast(activations)) {
    set_gradients(parameters_, 5);
    graph.warm_up([this] { step(); });
  }

  void step() {
    y_.copy_from(ops::linear(x_, parameters_[0].variable).value().cast(DType::f32));
    sgd_.step();
  }
  void capture() {
    graph.capture([this] { step(); });
  }
  Tensor weight() const { return parameters_[0].variable.value(); }

  // By weights that no copy was ever made of.
  void expect_replay_of_what_is_there(const char* when) {
    const auto expected = ops::linear(x_, Variable(weight().clone())).value().cast(DType::f32).to_vector<float>();
    graph.replay();
    EXPECT_EQ(y_.to_vector<float>(), expected) << when;
    EXPECT_EQ(copy_of(weight()), wanted(weight())) << when;
  }

  Graph graph{test_device()};

 private:
  std::vector<NamedParameter> parameters_ = parameters_for({{6, 8}});
  optim::Sgd sgd_{parameters_, {.learning_rate = 0.5}};
  Tensor x_, y_ = Tensor::zeros({4, 6}, DType::f32, test_device());
};

TEST_F(RoundedCopyOnDevice, IsCurrentForEveryReplayAndAfterIt) {
  GraphOfAStep tested(DType::bf16);
  EXPECT_TRUE(is_taken_as_it_is(tested.weight()));
  tested.weight().rounded();
  tested.capture();
  tested.expect_replay_of_what_is_there("at first");
  tested.expect_replay_of_what_is_there("once more");
  tested.weight().copy_from(numbers({6, 8}, 30));
  tested.expect_replay_of_what_is_there("after a write");
  tested.graph.replay();
  EXPECT_EQ(in_memory(tested.weight()), wanted(tested.weight())) << "a replay writes it along";
  EXPECT_TRUE(is_taken_as_it_is(tested.weight()));
}

TEST_F(RoundedCopyOnDevice, IsMadeInAGraphThatFoundItStale) {
  GraphOfAStep tested(DType::bf16);
  tested.weight().copy_from(numbers({6, 8}, 31));
  tested.capture();
  EXPECT_EQ(copy_of(tested.weight()), wanted(tested.weight())) << "a capture writes nothing";
  tested.expect_replay_of_what_is_there("at first");
  tested.weight().copy_from(numbers({6, 8}, 32));
  tested.expect_replay_of_what_is_there("after a write");
}

TEST_F(RoundedCopyOnDevice, IsStaleAfterAGraphThatDoesNotKnowIt) {
  GraphOfAStep tested(DType::f32);
  tested.capture();
  tested.weight().rounded();
  tested.graph.replay();
  EXPECT_EQ(copy_of(tested.weight()), wanted(tested.weight()));
}

TEST_F(RoundedCopyOnDevice, IsStaleAfterACaptureThatFailed) {
  GraphOfAStep tested(DType::bf16);
  tested.weight().copy_from(numbers({6, 8}, 33));
  EXPECT_THROW(tested.graph.capture([&] {
    tested.step();
    tested.weight().rows(0, 1).to(Device{});
  }),
               DeviceError);
  EXPECT_EQ(copy_of(tested.weight()), wanted(tested.weight()));
}

}  // namespace
}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
// Values and gradients of operations against PyTorch's, in double: tests/reference/make_ops_fixture.py.
#include <gtest/gtest.h>

#include <functional>

#include <sluice/core/ops/index.h>
#include <sluice/core/ops/matmul.h>
#include <sluice/core/ops/pad.h>
#include <sluice/core/ops/shape.h>
#include "tests/support/op_case.h"
#include "tests/support/reference.h"

namespace sluice::test {
namespace {

struct Fixture {
  const char* name;
  std::vector<Shape> shapes;
  std::function<Variable(const std::vector<Variable>&)> run;
};

void PrintTo(const Fixture& fixture, std::ostream* out) { *out << fixture.name; }

using In = std::vector<Variable>;

// The indices of make_ops_fixture.py.
Tensor places() {
  std::vector<std::int32_t> values(24);
  for (std::int32_t i = 0; i < 24; ++i) values[static_cast<std::size_t>(i)] = i % 7 == 2 ? 4 : i % 5;
  return Tensor::from<std::int32_t>(values, {2, 4, 3});
}

std::vector<Fixture> fixtures() {
  using enum ops::PadMode;
  return {
      {"concatenate", {{2, 3, 5}, {2, 4, 5}, {2, 1, 5}}, [](const In& x) { return ops::concatenate(x, 1); }},
      {"dot", {{7}, {7}}, [](const In& x) { return ops::dot(x[0], x[1]); }},
      {"embedding",
       {{6, 5}},
       [](const In& x) {
         return ops::embedding(x[0], Tensor::from<std::int32_t>({3, 0, 3, 5, 3, 1}, {2, 3}));
       }},
      {"expand",
       {{3, 1, 5}},
       [](const In& x) {
         return ops::expand(x[0], {2, 3, 4, 5});
       }},
      {"flip",
       {{3, 5, 7}},
       [](const In& x) {
         return ops::flip(x[0], {0, 2});
       }},
      {"gather", {{2, 5, 3}}, [](const In& x) { return ops::gather(x[0], places(), 1); }},
      {"index_select",
       {{2, 5, 3}},
       [](const In& x) {
         return ops::index_select(x[0], Tensor::from<std::int32_t>({4, 0, 4, 2}, {4}), 1);
       }},
      {"masked_fill",
       {{2, 5, 3}},
       [](const In& x) {
         return ops::masked_fill(x[0], Tensor::from<std::uint8_t>({1, 0, 0, 1, 1}, {5, 1}), 2.5);
       }},
      {"matmul", {{2, 1, 5, 7}, {3, 7, 4}}, [](const In& x) { return ops::matmul(x[0], x[1]); }},
      {"matmul_transposed",
       {{3, 7, 5}, {4, 7}},
       [](const In& x) { return ops::matmul(x[0], x[1], {.transpose_a = true, .transpose_b = true}); }},
      {"outer", {{3}, {5}}, [](const In& x) { return ops::outer(x[0], x[1]); }},
      {"pad_constant",
       {{2, 4, 6, 3}},
       [](const In& x) {
         return ops::pad(x[0], {3, 1, 2, 5}, constant, -1.5);
       }},
      {"pad_reflect",
       {{2, 4, 6, 3}},
       [](const In& x) {
         return ops::pad(x[0], {3, 1, 2, 5}, reflect);
       }},
      {"pad_replicate",
       {{2, 4, 6, 3}},
       [](const In& x) {
         return ops::pad(x[0], {3, 5, 2, 7}, replicate);
       }},
      {"permute",
       {{3, 4, 5, 6}},
       [](const In& x) {
         return ops::permute(x[0], {2, 0, 3, 1});
       }},
      {"pixel_shuffle", {{2, 3, 4, 18}}, [](const In& x) { return ops::pixel_shuffle(x[0], 3); }},
      {"pixel_unshuffle", {{2, 6, 9, 5}}, [](const In& x) { return ops::pixel_unshuffle(x[0], 3); }},
      {"repeat",
       {{2, 3, 5}},
       [](const In& x) {
         return ops::repeat(x[0], {3, 1, 2});
       }},
      {"roll", {{3, 7, 5}}, [](const In& x) { return ops::roll(x[0], -9, 1); }},
      {"scatter_add", {{2, 5, 3}, {2, 4, 3}}, [](const In& x) { return ops::scatter_add(x[0], places(), x[1], 1); }},
      {"slice", {{3, 17, 5}}, [](const In& x) { return ops::slice(x[0], 1, {.start = 1, .stop = -2, .step = 3}); }},
      {"split",
       {{2, 7, 3}},
       [](const In& x) {
         const std::vector<Variable> parts = ops::split(x[0], {2, 4, 1}, 1);
         return ops::concatenate({parts[2], parts[1], parts[0], parts[2]}, 1);
       }},
      {"squeeze", {{3, 1, 5}}, [](const In& x) { return ops::squeeze(x[0], 1); }},
      {"stack", {{3, 5}, {3, 5}}, [](const In& x) { return ops::stack(x, 1); }},
      {"transpose", {{3, 4, 5}}, [](const In& x) { return ops::transpose(x[0], 0, -1); }},
      {"unsqueeze", {{3, 5}}, [](const In& x) { return ops::unsqueeze(x[0], 1); }},
  };
}

class OpsFixture : public testing::TestWithParam<Fixture> {};

TEST_P(OpsFixture, AgreesWithPyTorch) {
  static const Archive archive = load_reference("ops.safetensors");
  const std::string name = GetParam().name;
  Tape tape;
  std::vector<Variable> inputs;
  for (const Shape& shape : GetParam().shapes)
    inputs.push_back(tape.watched(pattern(shape, static_cast<std::uint32_t>(inputs.size()))));
  const Variable y = GetParam().run(inputs);
  EXPECT_LE(deviation(y.value(), reference(archive, name + ".y")), 1e-12);
  tape.backward(y, pattern(y.shape(), 99));
  for (std::size_t i = 0; i < inputs.size(); ++i)
    EXPECT_LE(deviation(inputs[i].gradient(), reference(archive, name + ".d" + std::to_string(i))), 1e-12) << i;
}

// Whatever PyTorch wrote is compared.
TEST(OpsFixtures, AreAllUsed) {
  std::size_t stored = 0;
  for (const Fixture& fixture : fixtures()) stored += 1 + fixture.shapes.size();
  EXPECT_EQ(load_reference("ops.safetensors").tensors.size(), stored);
}

INSTANTIATE_TEST_SUITE_P(Ops, OpsFixture, testing::ValuesIn(fixtures()),
                         [](const auto& fixture) { return std::string(fixture.param.name); });

}  // namespace
}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
// Values and gradients of operations against PyTorch's: tests/reference/make_ops_fixture.py.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/fixtures/fixtures.h"
#include "tests/support/reference.h"

namespace sluice::test {
namespace {

const std::map<std::string, Tensor>& stored() {
  static const std::map<std::string, Tensor> tensors = [] {
    std::map<std::string, Tensor> all;
    for (const NamedTensor& entry : load_reference("ops.safetensors").tensors) all[entry.name] = entry.tensor;
    return all;
  }();
  return tensors;
}

std::vector<double> doubles(const Tensor& tensor) {
  const auto of = [](const auto& values) { return std::vector<double>(values.begin(), values.end()); };
  if (tensor.dtype() == DType::u8) return of(tensor.to_vector<std::uint8_t>());
  if (tensor.dtype() == DType::i32) return of(tensor.to_vector<std::int32_t>());
  return tensor.cast(DType::f64).to_vector<double>();
}

void expect_near(const Tensor& actual, const Tensor& expected, double tolerance, const std::string& what) {
  ASSERT_EQ(actual.shape(), expected.shape()) << what;
  const std::vector<double> a = doubles(actual), b = doubles(expected);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double limit = tolerance * std::max(1.0, std::abs(b[i]));
    const bool near = std::isnan(b[i])   ? std::isnan(a[i])
                      : std::isinf(b[i]) ? a[i] == b[i]
                                         : std::abs(a[i] - b[i]) <= limit;
    EXPECT_TRUE(near) << what << "[" << i << "]: " << a[i] << ", expected " << b[i];
  }
}

// The inputs of an entry, floating ones in `dtype`: those that are stored, or patterns of the shape of their gradients.
FixtureInputs inputs_of(const std::string& name, DType dtype, Tape& tape) {
  FixtureInputs inputs;
  for (std::uint32_t i = 0;; ++i) {
    const auto given = stored().find(name + ".in" + std::to_string(i));
    const auto gradient = stored().find(name + ".d" + std::to_string(i));
    if (given == stored().end() && gradient == stored().end()) return inputs;
    const Tensor x = given != stored().end() ? given->second : pattern(gradient->second.shape(), i);
    inputs.push_back(x.dtype() == DType::f64 ? tape.watched(x.cast(dtype)) : Variable(x));
  }
}

class OpsFixture : public testing::TestWithParam<std::string> {};

TEST_P(OpsFixture, AgreesWithPyTorch) {
  const std::string& name = GetParam();
  static const Fixtures fixtures = all_fixtures();
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-12}, std::pair{DType::f32, 3e-6}}) {
    SCOPED_TRACE(name_of(dtype));
    Tape tape;
    const FixtureInputs inputs = inputs_of(name, dtype, tape);
    const Variable y = fixtures.at(name)(inputs);
    expect_near(y.value(), stored().at(name + ".y"), tolerance, "value");
    if (stored().lower_bound(name + ".d0") == stored().lower_bound(name + ".d9")) continue;
    ASSERT_TRUE(y.wants_gradient());
    tape.backward(y, pattern(y.shape(), 99).cast(y.dtype()));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (const auto expected = stored().find(name + ".d" + std::to_string(i)); expected != stored().end())
        expect_near(inputs[i].gradient(), expected->second, tolerance, "gradient " + std::to_string(i));
  }
}

// Whatever PyTorch wrote is compared, and nothing else is.
TEST(OpsFixtures, AreAllUsed) {
  std::set<std::string> written, compared;
  for (const auto& [name, tensor] : stored()) written.insert(name.substr(0, name.rfind('.')));
  for (const auto& [name, function] : all_fixtures()) compared.insert(name);
  EXPECT_EQ(written, compared);
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, function] : all_fixtures()) all.push_back(name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(PyTorch, OpsFixture, testing::ValuesIn(names()), [](const auto& name) { return name.param; });

}  // namespace
}  // namespace sluice::test

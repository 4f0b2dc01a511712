// SPDX-License-Identifier: Apache-2.0
// Operations against PyTorch's values and gradients (tests/reference/make_math_fixture.py), one entry an operation.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include <sluice/core/ops.h>

namespace sluice::test {
namespace {

using Json = nlohmann::json;
using Inputs = std::vector<Variable>;
using Function = std::function<Variable(const Inputs&)>;

Function of_one(Variable (*f)(const Variable&)) {
  return [f](const Inputs& in) { return f(in[0]); };
}
Function of_two(Variable (*f)(const Variable&, const Variable&)) {
  return [f](const Inputs& in) { return f(in[0], in[1]); };
}

const std::map<std::string, Function>& functions() {
  using ops::KeepAxes;
  static const std::map<std::string, Function> listed{
      {"abs", of_one(ops::abs)},
      {"add", of_two(ops::add)},
      {"add_scalar", [](const Inputs& in) { return in[0] + 0.1; }},
      {"all", [](const Inputs& in) { return ops::all(in[0], {1}); }},
      {"any", [](const Inputs& in) { return ops::any(in[0], {1}); }},
      {"clamp", [](const Inputs& in) { return ops::clamp(in[0], -1, 3); }},
      {"cos", of_one(ops::cos)},
      {"divide", of_two(ops::divide)},
      {"divide_scalar", [](const Inputs& in) { return in[0] / 0.3; }},
      {"elu", [](const Inputs& in) { return ops::elu(in[0], 0.7); }},
      {"equal", of_two(ops::equal)},
      {"erf", of_one(ops::erf)},
      {"exp", of_one(ops::exp)},
      {"expm1", of_one(ops::expm1)},
      {"gelu", of_one(ops::gelu)},
      {"gelu_tanh", of_one(ops::gelu_tanh)},
      {"greater", of_two(ops::greater)},
      {"greater_equal", of_two(ops::greater_equal)},
      {"hardswish", of_one(ops::hardswish)},
      {"leaky_relu", [](const Inputs& in) { return ops::leaky_relu(in[0], 0.2); }},
      {"less", of_two(ops::less)},
      {"less_equal", of_two(ops::less_equal)},
      {"log", of_one(ops::log)},
      {"log1p", of_one(ops::log1p)},
      {"logical_and", of_two(ops::logical_and)},
      {"logical_not", of_one(ops::logical_not)},
      {"logical_or", of_two(ops::logical_or)},
      {"logical_xor", of_two(ops::logical_xor)},
      {"logsumexp", [](const Inputs& in) { return ops::logsumexp(in[0], {1}); }},
      {"logsumexp_of_infinities", [](const Inputs& in) { return ops::logsumexp(in[0], {0}); }},
      {"max", [](const Inputs& in) { return ops::max(in[0], {1}); }},
      {"maximum", of_two(ops::maximum)},
      {"maximum_scalar", [](const Inputs& in) { return ops::maximum(in[0], 0.25); }},
      {"mean", [](const Inputs& in) { return ops::mean(in[0], {-2}, KeepAxes::yes); }},
      {"min", [](const Inputs& in) { return ops::min(in[0], {0}, KeepAxes::yes); }},
      {"minimum", of_two(ops::minimum)},
      {"minimum_scalar", [](const Inputs& in) { return ops::minimum(in[0], 0.25); }},
      {"mish", of_one(ops::mish)},
      {"multiply", of_two(ops::multiply)},
      {"multiply_scalar", [](const Inputs& in) { return in[0] * 0.1; }},
      {"negative", of_one(ops::negative)},
      {"norm_infinity", [](const Inputs& in) { return ops::norm(in[0], ops::Norm::infinity, {1}); }},
      {"norm_one", [](const Inputs& in) { return ops::norm(in[0], ops::Norm::one, {1}); }},
      {"norm_two", [](const Inputs& in) { return ops::norm(in[0], ops::Norm::two, {1}); }},
      {"not_equal", of_two(ops::not_equal)},
      {"pow", of_two(ops::pow)},
      {"pow_of_zero", of_two(ops::pow)},
      {"pow_scalar", [](const Inputs& in) { return ops::pow(in[0], 3); }},
      {"relu", of_one(ops::relu)},
      {"rsqrt", of_one(ops::rsqrt)},
      {"scalar_divide", [](const Inputs& in) { return 0.3 / in[0]; }},
      {"scalar_pow", [](const Inputs& in) { return ops::pow(1.5, in[0]); }},
      {"scalar_subtract", [](const Inputs& in) { return 0.1 - in[0]; }},
      {"sigmoid", of_one(ops::sigmoid)},
      {"sign", of_one(ops::sign)},
      {"silu", of_one(ops::silu)},
      {"sin", of_one(ops::sin)},
      {"softplus", of_one(ops::softplus)},
      {"sqrt", of_one(ops::sqrt)},
      {"square", of_one(ops::square)},
      {"standard_deviation", [](const Inputs& in) { return ops::standard_deviation(in[0], {0}); }},
      {"subtract", of_two(ops::subtract)},
      {"subtract_scalar", [](const Inputs& in) { return in[0] - 0.1; }},
      {"sum",
       [](const Inputs& in) {
         return ops::sum(in[0], {2, 0});
       }},
      {"sum_all", [](const Inputs& in) { return ops::sum(in[0]); }},
      {"tanh", of_one(ops::tanh)},
      {"variance", [](const Inputs& in) { return ops::variance(in[0], {1}); }},
      {"variance_of_all", [](const Inputs& in) { return ops::variance(in[0], {}, 0); }},
      {"where", [](const Inputs& in) { return ops::where(in[0], in[1], in[2]); }},
  };
  return listed;
}

const Json& fixtures() {
  static const Json loaded = Json::parse(std::ifstream(SLUICE_REFERENCE_FOLDER "/math_fixture.json"));
  return loaded;
}

double number_of(const Json& value) {
  if (!value.is_string()) return value.get<double>();
  const double infinity = std::numeric_limits<double>::infinity();
  return value == "inf" ? infinity : value == "-inf" ? -infinity : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> values_of(const Json& stored) {
  std::vector<double> values;
  for (const Json& value : stored.at("values")) values.push_back(number_of(value));
  return values;
}

template <class T>
std::vector<T> as(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

Shape shape_of(const Json& stored) {
  const auto extents = stored.at("shape").get<std::vector<std::int64_t>>();
  return Shape(std::span<const std::int64_t>(extents));
}

// Floating tensors in `dtype`.
Tensor tensor_of(const Json& stored, DType dtype) {
  const std::vector<double> values = values_of(stored);
  const Shape shape = shape_of(stored);
  if (stored.at("type") == "u8") return Tensor::from<std::uint8_t>(as<std::uint8_t>(values), shape);
  if (stored.at("type") == "i32") return Tensor::from<std::int32_t>(as<std::int32_t>(values), shape);
  return Tensor::from<double>(values, shape).cast(dtype);
}

std::vector<double> doubles(const Tensor& tensor) {
  if (tensor.dtype() == DType::u8) {
    const auto values = tensor.to_vector<std::uint8_t>();
    return {values.begin(), values.end()};
  }
  if (tensor.dtype() == DType::i32) {
    const auto values = tensor.to_vector<std::int32_t>();
    return {values.begin(), values.end()};
  }
  return tensor.cast(DType::f64).to_vector<double>();
}

void expect_near(const Tensor& actual, const Json& stored, double tolerance, const std::string& what) {
  ASSERT_EQ(actual.shape(), shape_of(stored)) << what;
  const std::vector<double> a = doubles(actual), b = values_of(stored);
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double limit = tolerance * std::max(1.0, std::abs(b[i]));
    const bool near = std::isnan(b[i])   ? std::isnan(a[i])
                      : std::isinf(b[i]) ? a[i] == b[i]
                                         : std::abs(a[i] - b[i]) <= limit;
    EXPECT_TRUE(near) << what << "[" << i << "]: " << a[i] << ", expected " << b[i];
  }
}

TEST(MathFixture, EveryEntryHasAFunctionAndTheOtherWayAround) {
  std::vector<std::string> stored, tested;
  for (const auto& [name, entry] : fixtures().items()) stored.push_back(name);
  for (const auto& [name, function] : functions()) tested.push_back(name);
  EXPECT_EQ(stored, tested);
}

class MathFixture : public testing::TestWithParam<std::string> {};

TEST_P(MathFixture, ValueAndGradients) {
  const Json& stored = fixtures().at(GetParam());
  for (const auto& [dtype, tolerance] : {std::pair{DType::f64, 1e-12}, std::pair{DType::f32, 3e-6}}) {
    SCOPED_TRACE(name_of(dtype));
    Tape tape;
    Inputs inputs;
    for (const Json& input : stored.at("inputs")) {
      const Tensor tensor = tensor_of(input, dtype);
      inputs.push_back(tensor.dtype() == dtype ? tape.watched(tensor) : Variable(tensor));
    }
    const Variable y = functions().at(GetParam())(inputs);
    expect_near(y.value(), stored.at("y"), tolerance, "value");
    if (!stored.contains("dy")) continue;
    tape.backward(y, tensor_of(stored.at("dy"), dtype));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (!stored.at("gradients")[i].is_null())
        expect_near(inputs[i].gradient(), stored.at("gradients")[i], tolerance, "gradient " + std::to_string(i));
  }
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const auto& [name, function] : functions()) result.push_back(name);
  return result;
}

INSTANTIATE_TEST_SUITE_P(PyTorch, MathFixture, testing::ValuesIn(names()),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
// One description of an operation at one size. It feeds three programs: the parity test against the double oracle, the
// float64 gradient check, and sluice-bench-kernels.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sluice/core/tape.h>

namespace sluice::test {

struct CaseInput {
  std::string name;
  Shape shape;
  // Values are uniform in [low, high), the same for every type.
  double low = -1;
  double high = 1;
  // Values nearer to 0 than this are pushed out, so that finite differences do not straddle a kink there.
  double gap_at_zero = 0;
  // A parameter stays in f32 beside bf16 activations.
  enum class Role { activation, parameter, constant_parameter, constant } role = Role::activation;

  bool differentiable() const { return role == Role::activation || role == Role::parameter; }
};

struct OpCase {
  std::string op;    // as the function is called: "conv2d"
  std::string name;  // what is special about it: "stride2_odd"
  std::vector<CaseInput> inputs;
  std::function<Variable(const std::vector<Variable>&)> run;
  // Largest deviation from the double oracle, relative to the oracle's largest magnitude; results, then gradients.
  double tolerance = 1e-5;
  double tolerance_bf16 = 2e-2;
  // Floating-point operations of one pass; 0 where bytes are what bounds it.
  double flops = 0;
  // Bytes that a pass must move for T of `element` bytes; 0: inputs and result once.
  std::function<double(double element)> bytes;
  // Cases for the clock only: too large for a double oracle.
  bool benchmark_only = false;
  bool with_bf16 = true;

  std::string title() const { return op + "_" + name; }
};

inline void PrintTo(const OpCase& op_case, std::ostream* out) { *out << op_case.title(); }

// The inputs of a case in `dtype`, the same values for every type (rounded through bf16 first where `round_to_bf16`).
enum class Rounding { none, through_bf16 };
std::vector<Tensor> make_inputs(const OpCase& op_case, DType dtype, Rounding rounding, Device device = {});

// A deterministic tensor of values uniform in [low, high).
Tensor random_tensor(const Shape& shape, DType dtype, std::uint32_t stream, double low = -1, double high = 1);

struct Evaluation {
  Tensor result;
  std::vector<Tensor> gradients;  // one an input; undefined for constants
};
// Runs the case and its backward pass from a fixed random gradient; `passes` times, with the graph kept, of which the
// last pass's gradients are returned.
Evaluation evaluate(const OpCase& op_case, const std::vector<Tensor>& inputs, int passes = 1);

// max |a - b| / max(max |b|, floor), in double; NaN or infinity anywhere in a gives infinity.
double deviation(const Tensor& a, const Tensor& b, double floor = 1e-3);

}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
#include <sluice/analysis/gradient_norm.h>

#include <cmath>
#include <span>

namespace sluice::analysis {
namespace {

double squared(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

}  // namespace

GradientNorms gradient_norms(const std::vector<NamedParameter>& parameters) {
  GradientNorms sums;
  for (const NamedParameter& parameter : parameters) {
    const Tensor gradient = parameter.variable.gradient();
    if (!gradient.defined()) continue;
    const Shape& shape = parameter.variable.shape();
    const std::vector<double> g = gradient.cast(DType::f64).to_vector<double>();
    const std::vector<double> w = parameter.variable.value().cast(DType::f64).to_vector<double>();
    sums.plain += squared(g);
    sums.tensor += squared(g) * squared(w);
    if (shape.rank() < 2) continue;
    const std::size_t size = g.size() / static_cast<std::size_t>(shape[0]);
    for (std::size_t first = 0; first < g.size(); first += size)
      sums.filter += squared(std::span(g).subspan(first, size)) * squared(std::span(w).subspan(first, size));
  }
  return {.plain = std::sqrt(sums.plain), .tensor = std::sqrt(sums.tensor), .filter = std::sqrt(sums.filter)};
}

}  // namespace sluice::analysis

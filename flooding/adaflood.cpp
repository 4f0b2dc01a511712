// SPDX-License-Identifier: Apache-2.0
#include <sluice/flooding/adaflood.h>

#include <cmath>

#include <sluice/base/error.h>

namespace sluice {

Tensor adaflood_levels(const Tensor& losses, double gamma) {
  constexpr const char* where = "adaflood_levels";
  require(gamma >= 0 && gamma <= 1, where, "gamma expects a number in [0,1], got ", gamma);
  require(
      losses.defined() && losses.shape().rank() == 1 && (losses.dtype() == DType::f32 || losses.dtype() == DType::f64),
      where, "expects losses [N] in f32 or f64, got ", name_of(losses.dtype()), losses.shape());
  std::vector<double> levels = losses.cast(DType::f64).to_vector<double>();
  for (double& level : levels) {
    require(std::isfinite(level) && level >= 0, where, "expects finite losses of at least 0, got ", level);
    // (1 - gamma) e^(-l) + gamma = 1 + (1 - gamma) (e^(-l) - 1), whose logarithm keeps its digits at small losses.
    level = gamma == 0 ? level : -std::log1p((1 - gamma) * std::expm1(-level));
    if (level == 0) level = 0;  // no -0
  }
  return Tensor::from<double>(levels, losses.shape()).cast(losses.dtype());
}

}  // namespace sluice

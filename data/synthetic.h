// SPDX-License-Identifier: Apache-2.0
// The synthetic two-class sets of the flooding paper (Ishida et al., ICML 2020, section 4.1) and of its authors'
// repository, which differ for the sinusoids.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/core/tensor.h>

namespace sluice::data {

struct VectorDataset {
  std::string name;
  Tensor features;      // f32 [N,D]
  Tensor labels;        // i32 [N], some of them flipped
  Tensor clean_labels;  // i32 [N]
  std::int64_t classes = 0;

  std::int64_t size() const { return labels.size(); }
};

// gaussian             class 0 from N(0, I), class 1 from N(m 1, I); D = dimensions
// spiral               angles t equally spaced in [0, 4 pi] in each class: class 1 at t (cos t, sin t), class 0 at
//                      (t + pi) (cos t, sin t), plus spiral_noise * N(0, I); D = 2. Without noise every set of one size
//                      has the same points.
// sinusoid             the paper's: x from N(0, I), class 1 where x.w + sin(x.v) > 0, w = (1, 1), v = (-1, 1); D = 2
// sinusoid_repository  x from N(0, 4 I), class 1 where x0 + sin(x1) > 0; D = dimensions
// sinusoid2d           x uniform in the disc of radius 2, class 1 where 1.5 x0 + sin(1.5 x1) > 0; D = 2
enum class Synthetic { gaussian, spiral, sinusoid, sinusoid_repository, sinusoid2d };

// Sets of one seed and different parts are independent draws.
enum class Part : std::uint32_t { train, validation, test };

struct SyntheticOptions {
  Synthetic kind = Synthetic::gaussian;
  std::int64_t count = 100;  // both classes together; gaussian and spiral have count / 2 of class 1, at odd indices
  Part part = Part::train;
  std::uint64_t seed = 0;
  double label_noise = 0;        // exactly floor(count * label_noise) labels are flipped
  std::int64_t dimensions = 10;  // of gaussian and sinusoid_repository; the others have 2
  double gaussian_mean = 1;      // m
  double spiral_noise = 0;
};

// Throws std::invalid_argument for a count below 2, dimensions that are too few, and a label noise that is not in
// [0,1].
VectorDataset make_synthetic(const SyntheticOptions& options);

// gaussian spiral sinusoid sinusoid-repository sinusoid2d
std::vector<std::string> synthetic_names();
// Throws std::invalid_argument for an unknown name, with the nearest known one.
Synthetic parse_synthetic(std::string_view name);

}  // namespace sluice::data

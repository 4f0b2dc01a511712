// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/synthetic.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

#include <sluice/base/nearest_name.h>
#include <sluice/base/philox.h>
#include <sluice/data/transform.h>

namespace sluice::data {
namespace {

// Far more counters than a point takes.
constexpr std::uint64_t kCountersPerPoint = std::uint64_t{1} << 20;

std::int64_t dimensions_of(const SyntheticOptions& options) {
  const bool free = options.kind == Synthetic::gaussian || options.kind == Synthetic::sinusoid_repository;
  return free ? options.dimensions : 2;
}

void fill_normal(PhiloxStream& random, double deviation, std::span<double> x) {
  for (double& value : x) value = deviation * random.next_normal();
}

bool gaussian(const SyntheticOptions& options, std::int64_t index, PhiloxStream& random, std::span<double> x) {
  const bool positive = index % 2 == 1;
  fill_normal(random, 1, x);
  if (positive)
    for (double& value : x) value += options.gaussian_mean;
  return positive;
}

bool spiral(const SyntheticOptions& options, std::int64_t index, PhiloxStream& random, std::span<double> x) {
  const bool positive = index % 2 == 1;
  const std::int64_t of_class = positive ? options.count / 2 : options.count - options.count / 2;
  const double last = static_cast<double>(std::max<std::int64_t>(of_class - 1, 1));
  const double angle = 4 * std::numbers::pi * static_cast<double>(index / 2) / last;
  const double radius = positive ? angle : angle + std::numbers::pi;
  fill_normal(random, options.spiral_noise, x);
  x[0] += radius * std::cos(angle);
  x[1] += radius * std::sin(angle);
  return positive;
}

bool sinusoid(PhiloxStream& random, std::span<double> x) {
  fill_normal(random, 1, x);
  return x[0] + x[1] + std::sin(x[1] - x[0]) > 0;
}

bool sinusoid_repository(PhiloxStream& random, std::span<double> x) {
  fill_normal(random, 2, x);
  return x[0] + std::sin(x[1]) > 0;
}

// Two coordinates of a uniform point on the sphere in four dimensions are uniform in the disc.
bool sinusoid2d(PhiloxStream& random, std::span<double> x) {
  double normal[4];
  fill_normal(random, 1, normal);
  const double length = std::hypot(std::hypot(normal[0], normal[1]), std::hypot(normal[2], normal[3]));
  x[0] = 2 * normal[2] / length;
  x[1] = 2 * normal[3] / length;
  return 1.5 * x[0] + std::sin(1.5 * x[1]) > 0;
}

// Fills x and tells whether the point is of class 1.
bool make_point(const SyntheticOptions& options, std::int64_t index, PhiloxStream& random, std::span<double> x) {
  switch (options.kind) {
    case Synthetic::gaussian: return gaussian(options, index, random, x);
    case Synthetic::spiral: return spiral(options, index, random, x);
    case Synthetic::sinusoid: return sinusoid(random, x);
    case Synthetic::sinusoid_repository: return sinusoid_repository(random, x);
    case Synthetic::sinusoid2d: return sinusoid2d(random, x);
  }
  return false;
}

}  // namespace

std::vector<std::string> synthetic_names() {
  return {"gaussian", "spiral", "sinusoid", "sinusoid-repository", "sinusoid2d"};
}

Synthetic parse_synthetic(std::string_view name) {
  const std::vector<std::string> names = synthetic_names();
  const auto found = std::ranges::find(names, name);
  require(found != names.end(), "synthetic", "there is no '", name, "'", did_you_mean(name, names));
  return static_cast<Synthetic>(found - names.begin());
}

VectorDataset make_synthetic(const SyntheticOptions& options) {
  const std::int64_t dimensions = dimensions_of(options);
  const std::int64_t fewest = options.kind == Synthetic::gaussian ? 1 : 2;
  require(options.count >= 2, "synthetic", "expects two points or more, got ", options.count);
  require(dimensions >= fewest, "synthetic", "expects ", fewest, " dimensions or more, got ", dimensions);

  const auto part = static_cast<std::uint32_t>(options.part);
  VectorDataset dataset{.name = synthetic_names()[static_cast<std::size_t>(options.kind)],
                        .features = Tensor::empty({options.count, dimensions}, DType::f32),
                        .classes = 2};
  std::vector<std::int32_t> labels(static_cast<std::size_t>(options.count));
  std::vector<double> point(static_cast<std::size_t>(dimensions));
  auto* features = dataset.features.mutable_data<float>();
  for (std::int64_t i = 0; i < options.count; ++i) {
    PhiloxStream random(options.seed, RandomPurpose::synthetic, part,
                        static_cast<std::uint64_t>(i) * kCountersPerPoint);
    labels[static_cast<std::size_t>(i)] = make_point(options, i, random, point) ? 1 : 0;
    for (const double value : point) *features++ = static_cast<float>(value);
  }
  dataset.clean_labels = Tensor::from<std::int32_t>(labels, {options.count});
  add_label_noise(labels, dataset.classes, options.label_noise, options.seed, part);
  dataset.labels = Tensor::from<std::int32_t>(labels, {options.count});
  return dataset;
}

}  // namespace sluice::data

// SPDX-License-Identifier: Apache-2.0
#include <sluice/analysis/landscape.h>

#include <cmath>
#include <initializer_list>

#include <sluice/base/error.h>
#include <sluice/base/philox.h>

namespace sluice::analysis {
namespace {

struct Move {
  const Direction* direction;
  double length;
};

// Parameters on loan: they move from where they were, and come back when it dies.
class MovedParameters {
 public:
  explicit MovedParameters(const std::vector<NamedParameter>& parameters) {
    for (const NamedParameter& parameter : parameters) {
      const Tensor value = parameter.variable.value();
      before_.push_back({value, value.clone(), value.cast(DType::f64).to_vector<double>()});
    }
  }
  ~MovedParameters() {
    for (Parameter& parameter : before_) parameter.value.copy_from(parameter.copy);
  }
  MovedParameters(const MovedParameters&) = delete;
  MovedParameters& operator=(const MovedParameters&) = delete;

  void move(std::initializer_list<Move> moves) {
    for (std::size_t p = 0; p < before_.size(); ++p) {
      std::vector<double> moved = before_[p].at;
      for (const Move& move : moves) {
        const std::vector<double> step = (*move.direction)[p].cast(DType::f64).to_vector<double>();
        for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += move.length * step[i];
      }
      const Tensor& value = before_[p].value;
      before_[p].value.copy_from(Tensor::from<double>(moved, value.shape()).cast(value.dtype()));
    }
  }

 private:
  struct Parameter {
    Tensor value;  // the model's own
    Tensor copy;
    std::vector<double> at;
  };
  std::vector<Parameter> before_;
};

void check(const std::vector<NamedParameter>& parameters, const Direction& direction) {
  require(direction.size() == parameters.size(), "landscape", "expects a direction of ", parameters.size(),
          " steps, got ", direction.size());
  for (std::size_t i = 0; i < direction.size(); ++i)
    require(direction[i].shape() == parameters[i].variable.shape(), "landscape", "the step of ", parameters[i].name,
            " expects ", parameters[i].variable.shape(), ", got ", direction[i].shape());
}

double norm(const double* x, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += x[i] * x[i];
  return std::sqrt(sum);
}

}  // namespace

Direction filter_normalised_direction(const std::vector<NamedParameter>& parameters, std::uint64_t seed,
                                      std::uint32_t index) {
  PhiloxStream random(seed, RandomPurpose::landscape, index);
  Direction direction;
  for (const NamedParameter& parameter : parameters) {
    const Tensor& value = parameter.variable.value();
    std::vector<double> w = value.cast(DType::f64).to_vector<double>();
    std::vector<double> d(w.size());
    if (value.shape().rank() >= 2) {
      for (double& step : d) step = random.next_normal();
      const std::size_t size = d.size() / static_cast<std::size_t>(value.shape()[0]);
      for (std::size_t first = 0; first < d.size(); first += size) {
        const double factor = norm(w.data() + first, size) / norm(d.data() + first, size);
        for (std::size_t i = first; i < first + size; ++i) d[i] *= factor;
      }
    }
    direction.push_back(Tensor::from<double>(d, value.shape()).cast(value.dtype()));
  }
  return direction;
}

std::vector<double> landscape_line(const std::vector<NamedParameter>& parameters, const Direction& direction,
                                   const std::vector<double>& xs, const LossAtPoint& loss) {
  check(parameters, direction);
  MovedParameters moved(parameters);
  std::vector<double> losses;
  for (const double x : xs) {
    moved.move({{&direction, x}});
    losses.push_back(loss());
  }
  return losses;
}

std::vector<std::vector<double>> landscape_plane(const std::vector<NamedParameter>& parameters, const Direction& d,
                                                 const Direction& e, const std::vector<double>& xs,
                                                 const std::vector<double>& ys, const LossAtPoint& loss) {
  check(parameters, d);
  check(parameters, e);
  MovedParameters moved(parameters);
  std::vector<std::vector<double>> rows;
  for (const double y : ys) {
    rows.emplace_back();
    for (const double x : xs) {
      moved.move({{&d, x}, {&e, y}});
      rows.back().push_back(loss());
    }
  }
  return rows;
}

}  // namespace sluice::analysis

// SPDX-License-Identifier: Apache-2.0
// The loss around a point, along random directions that are as long, filter by filter, as the weights are. Source: Li,
// Xu, Taylor, Studer, Goldstein, "Visualizing the loss landscape of neural nets", NeurIPS 2018, sections 3 and 4.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <sluice/core/parameter.h>

namespace sluice::analysis {

using Direction = std::vector<Tensor>;  // one step a parameter, of its shape and type, on the host

// Gaussian, then d_f <- d_f |w_f| / |d_f| for each filter f, the weights of one output; 0 for parameters of rank below
// 2 (biases, normalisation). A function of seed and index: directions of different indices are independent.
Direction filter_normalised_direction(const std::vector<NamedParameter>& parameters, std::uint64_t seed,
                                      std::uint32_t index);

// What is measured at each point: most often the mean loss in eval mode. It sees the parameters moved.
using LossAtPoint = std::function<double()>;

// loss(w + x d) for each x. The parameters come back bit for bit, also where `loss` throws.
std::vector<double> landscape_line(const std::vector<NamedParameter>& parameters, const Direction& direction,
                                   const std::vector<double>& xs, const LossAtPoint& loss);

// loss(w + x d + y e), [ys][xs].
std::vector<std::vector<double>> landscape_plane(const std::vector<NamedParameter>& parameters, const Direction& d,
                                                 const Direction& e, const std::vector<double>& xs,
                                                 const std::vector<double>& ys, const LossAtPoint& loss);

}  // namespace sluice::analysis

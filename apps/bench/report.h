// SPDX-License-Identifier: Apache-2.0
// What a benchmark reports: lists of times summed up, and files of results.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace sluice::bench {

struct Summary {
  double median = 0;  // seconds
  double minimum = 0;
  double spread = 0;  // distance of the quartiles over the median
  std::size_t count = 0;
};

// Throws std::invalid_argument where there are none.
Summary summarise(std::vector<double> seconds);

// "1.234 ms", three decimals in the unit that suits.
std::string readable_time(double seconds);

nlohmann::ordered_json to_json(const Summary& summary);

// Throws WriteError where it can't.
void write_json(const std::string& path, const nlohmann::ordered_json& report);

}  // namespace sluice::bench

// SPDX-License-Identifier: Apache-2.0
// Choices of algorithm by measurement. Where several algorithms serve a kernel at one shape, the first use measures
// them and records the winner in one table for the process. Algorithms differ in their last bits, so a run keeps its
// table and imports it when it goes on: for a given table, results are the same bits.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::kernels {

// What was tuned, "conv2d forward f32 x[128,32,32,16] ... threads=2", and the algorithm's name, "winograd".
using TuningEntry = std::pair<std::string, std::string>;

// Every choice made or imported so far, in the order of the keys. Safe to call from several threads, as all below.
std::vector<TuningEntry> tuning_table();

// Adds choices, in place of those with the same keys. They are honoured; one that no kernel of this build knows throws
// std::invalid_argument where it is used, so do an empty key or name here.
void import_tuning(std::span<const TuningEntry> entries);

void clear_tuning();

// Makes what is to be measured: one callable an algorithm, in the order of the names.
using Contestants = std::function<std::vector<std::function<void()>>()>;

// The index in `names` of the choice for `key`. If there is none and several names, calls `contestants` and takes the
// one whose fastest of a few runs, taken in turns, is the fastest; the first of equals. Contestants must not touch what
// users see. Throws std::invalid_argument where the table holds a name that is not in `names`.
std::size_t choose_algorithm(const std::string& key, std::span<const std::string_view> names,
                             const Contestants& contestants);

}  // namespace sluice::kernels

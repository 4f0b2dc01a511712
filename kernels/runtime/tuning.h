// SPDX-License-Identifier: Apache-2.0
// Choices of algorithm by measurement, and proof before use. Where several algorithms serve a kernel at one shape, the
// first use measures them and records the fastest in one table for the process. Algorithms differ in their last bits,
// so a run keeps its table and imports it when it goes on: for a given table, results are the same bits.
//
// An algorithm runs only after its results at that shape were compared with a plain computation of the same sums; one
// that disagrees is refused for the rest of the process and reported once, whether it was measured or named by an
// imported table.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
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

// Adds choices, in place of those with the same keys. They are used unless they are refused; one that no kernel of this
// build knows throws IoError where it is used, which begins with `source`, the file that the choices come from. Throws
// std::invalid_argument for an empty key or name.
void import_tuning(std::span<const TuningEntry> entries, const std::string& source);

// Forgets all choices, proofs and refusals.
void clear_tuning();

// An algorithm whose results were wrong.
struct Refusal {
  std::string key;
  std::string algorithm;
  std::string reason;  // "y[12] is 3.5, expected 1.25 within 1e-05"
};
std::vector<Refusal> refusals();
// Called once for each refusal, when it happens. By default, and after on_refusal({}), one line goes to standard error.
void on_refusal(std::function<void(const Refusal&)> handler);

// One algorithm to be measured and proven.
struct Candidate {
  std::function<void()> run;
  // Called before run number `round`: the inputs are the same every time, all that the run must write or must not read
  // is different. May be empty.
  std::function<void(int round)> prepare;
  // Called after runs 0 and 1: empty where the results are right, else what is wrong. Empty where nothing can be
  // checked.
  std::function<std::string()> fault;
};
inline constexpr int kRoundsOfProof = 2;

// Makes one candidate for each name, in the order of the names.
using MakeCandidates = std::function<std::vector<Candidate>()>;

// The index in `names` of the algorithm to run for `key`; nothing where all of them are refused. The first call for a
// key proves the algorithm that the table names, or else calls `make_candidates`, runs them in turns, and takes the one
// whose fastest run is the fastest among those without fault; the first of equals. Candidates must not touch what users
// see. Throws IoError where the table holds a name that is not in `names`.
std::optional<std::size_t> choose_algorithm(const std::string& key, std::span<const std::string_view> names,
                                            const MakeCandidates& make_candidates);

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
// sluice-bench-kernels: the time of every operation's passes beside what the machine could do at best.
#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <regex>

#include "apps/bench/ceilings.h"
#include "apps/bench/machine.h"
#include "apps/bench/passes.h"
#include "tests/cases/cases.h"

namespace sluice::bench {
namespace {

enum class Cases { benchmark, small, all };

struct Options {
  std::string filter;
  std::vector<std::string> dtypes{"f32", "bf16"};
  Cases cases = Cases::benchmark;
  Budget budget;
  int threads = 0;
  std::string device = "cpu";
  std::string json;
  bool list = false;
};

// One line of the table.
struct Job {
  const test::OpCase* op_case;
  DType dtype;
  Pass pass;

  std::string name() const { return fmt::format("{}_{}/{}/{}", op_case->op, op_case->name, name_of(dtype), pass.name); }
};

std::vector<Job> jobs_of(const std::vector<test::OpCase>& cases, const Options& options) {
  const std::regex filter(options.filter);
  std::vector<Job> jobs;
  for (const test::OpCase& op_case : cases) {
    if (options.cases != Cases::all && op_case.benchmark_only != (options.cases == Cases::benchmark)) continue;
    for (const DType dtype : {DType::f32, DType::bf16}) {
      if (std::ranges::find(options.dtypes, name_of(dtype)) == options.dtypes.end()) continue;
      if (dtype == DType::bf16 && !op_case.with_bf16) continue;
      for (const Pass& pass : passes_of(op_case)) {
        Job job{&op_case, dtype, pass};
        if (std::regex_search(job.name(), filter)) jobs.push_back(std::move(job));
      }
    }
  }
  return jobs;
}

Device device_named(const std::string& name) {
  require(name == "cpu", "device", "this build of Sluice has cpu only, got ", name);
  return {};
}

// Below this a pass does no work on elements, only its share of bookkeeping: a rate would say nothing.
constexpr double kLeastTimeOfARate = 2e-6;

nlohmann::ordered_json run(const Job& job, const Options& options, const Ceilings& ceilings) {
  std::vector<Tensor> inputs = test::make_inputs(*job.op_case, job.dtype, test::Rounding::none);
  for (Tensor& input : inputs) input = input.to(device_named(options.device));
  const LoadMeter meter;
  const Measurement measured = measure(*job.op_case, job.pass, inputs, options.budget);
  const Load load = meter.read();
  const Floor floor = floor_of(ceilings, job.dtype, measured.flops, measured.bytes);
  const bool has_rate = measured.time.median >= kLeastTimeOfARate;

  nlohmann::ordered_json row{{"name", job.name()},
                             {"op", job.op_case->op},
                             {"case", job.op_case->name},
                             {"dtype", name_of(job.dtype)},
                             {"pass", job.pass.name}};
  row.update(to_json(measured.time));
  row["gflops_per_second"] = measured.flops / measured.time.median * 1e-9;
  row["gbytes_per_second"] = measured.bytes / measured.time.median * 1e-9;
  row["floor_seconds"] = floor.seconds;
  row["bound"] = floor.bound;
  row["share_of_ceiling"] = has_rate ? floor.seconds / measured.time.median : 0;
  row["load"] = to_json(load);

  const std::string rate = measured.flops > 0
                               ? fmt::format("{:.1f} GFLOP/s", measured.flops / measured.time.median * 1e-9)
                               : fmt::format("{:.1f} GB/s", measured.bytes / measured.time.median * 1e-9);
  fmt::print("{:<58} {:>11} {:>11} {:>5.0f} % {:>15} {:>6} {:<6} {:>5.2f} {:>5.2f}\n", job.name(),
             readable_time(measured.time.median), readable_time(measured.time.minimum), measured.time.spread * 100,
             has_rate ? rate : "-",
             has_rate ? fmt::format("{:.0f} %", floor.seconds / measured.time.median * 100) : "-", floor.bound,
             load.cpu_per_wall, load.others_per_wall);
  std::cout.flush();
  return row;
}

int bench(const Options& options) {
  if (options.threads > 0) omp_set_num_threads(options.threads);
  const std::vector<test::OpCase> cases = test::all_cases();
  const std::vector<Job> jobs = jobs_of(cases, options);
  if (jobs.empty()) {
    std::cerr << "sluice-bench-kernels: no case matches; --list --cases all shows every name\n";
    return 2;
  }
  if (options.list) {
    for (const Job& job : jobs) std::cout << job.name() << '\n';
    return 0;
  }
  const LoadMeter meter;
  const Machine machine = describe_machine();
  std::cout << to_line(machine) << '\n' << std::flush;
  const Ceilings ceilings = measure_ceilings();
  std::cout << to_line(ceilings) << "\n\n";
  fmt::print("{:<58} {:>11} {:>11} {:>7} {:>15} {:>6} {:<6} {:>5} {:>5}\n", "operation_case/type/pass", "median", "min",
             "spread", "rate", "share", "of", "load", "other");
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Job& job : jobs) rows.push_back(run(job, options, ceilings));
  std::cout << '\n' << to_line(meter.read()) << '\n';
  if (!options.json.empty())
    write_json(options.json, {{"machine", to_json(machine)},
                              {"ceilings", to_json(ceilings)},
                              {"results", rows},
                              {"load", to_json(meter.read())}});
  return 0;
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Times every pass of the operations' cases. share: the time that the machine's measured ceiling allows over the\n"
      "median (above 100 % where an algorithm such as Winograd's needs fewer operations than are counted).\n"
      "load: this process's processor time over wall time; other: processors that everything else kept busy.",
      "sluice-bench-kernels");
  const std::map<std::string, Cases> kinds{
      {"benchmark", Cases::benchmark}, {"small", Cases::small}, {"all", Cases::all}};
  app.add_option("--filter", options.filter, "Only names in which this regular expression is found");
  app.add_option("--dtype", options.dtypes, "Types, by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->default_str("f32,bf16");
  app.add_option("--cases", options.cases, "Large cases, the tests' small ones, or all")
      ->transform(CLI::CheckedTransformer(kinds, CLI::ignore_case))
      ->default_str("benchmark");
  app.add_option("--repetitions", options.budget.repetitions, "Least number of times that a pass is run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seconds", options.budget.seconds, "Least time spent on a pass")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads; 0: OpenMP's default")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--device", options.device, "Device")->check(CLI::IsMember({"cpu"}))->capture_default_str();
  app.add_option("--json", options.json, "Also write the results to this file");
  app.add_flag("--list", options.list, "Only list the names");
  app.set_version_flag("--version", describe_machine().version);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return bench(options);
  } catch (const std::regex_error& error) {
    std::cerr << "sluice-bench-kernels: --filter " << options.filter << ": " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "sluice-bench-kernels: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) { return sluice::bench::main_of(argc, argv); }

// SPDX-License-Identifier: Apache-2.0
// sluice-bench-kernels: the time of every operation's passes beside what the machine could do at best.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include <sluice/base/threads.h>
#include <sluice/kernels/runtime/settings.h>
#include "apps/bench/ceilings.h"
#include "apps/bench/device_ceilings.h"
#include "apps/bench/machine.h"
#include "apps/bench/passes.h"
#include "apps/bench/timer.h"
#include "apps/common/choose_device.h"
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"
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

// Below this a pass does no work on elements, only its share of bookkeeping: a rate would say nothing.
constexpr double kLeastTimeOfARate = 2e-6;

// Operations that NVIDIA's libraries have too.
bool has_other_engine(const Job& job) {
  const std::string& op = job.op_case->op;
  return op == "conv2d" || op == "conv2d_batch_norm" || op == "linear";
}

// Times the job with our kernels and with NVIDIA's library; the ratio is above 1 where ours is faster.
nlohmann::ordered_json compare_engines(const Job& job, const Options& options, const std::vector<Tensor>& inputs,
                                       Timer& timer) {
  const kernels::ConvEngine before = kernels::conv_engine();
  const auto seconds_with = [&](kernels::ConvEngine engine) {
    kernels::set_conv_engine(engine);
    const double seconds = measure(*job.op_case, job.pass, inputs, options.budget, timer).time.median;
    kernels::set_conv_engine(before);
    return seconds;
  };
  try {
    const double vendor = seconds_with(kernels::ConvEngine::cudnn);
    const double native = seconds_with(kernels::ConvEngine::native);
    return {{"native_seconds", native}, {"vendor_seconds", vendor}, {"vendor_over_native", vendor / native}};
  } catch (const DeviceError&) {
    return nlohmann::ordered_json::object();
  }
}

nlohmann::ordered_json run_job(const Job& job, const Options& options, Device device, const Ceilings& ceilings,
                               Timer& timer) {
  const std::vector<Tensor> inputs = test::make_inputs(*job.op_case, job.dtype, test::Rounding::none, device);
  const LoadMeter meter;
  const Measurement measured = measure(*job.op_case, job.pass, inputs, options.budget, timer);
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
  if (device.kind == DeviceKind::cuda && has_other_engine(job))
    row.update(compare_engines(job, options, inputs, timer));

  const std::string rate = measured.flops > 0
                               ? fmt::format("{:.1f} GFLOP/s", measured.flops / measured.time.median * 1e-9)
                               : fmt::format("{:.1f} GB/s", measured.bytes / measured.time.median * 1e-9);
  fmt::print("{:<58} {:>11} {:>11} {:>5.0f} % {:>15} {:>6} {:<6} {:>5.2f} {:>5.2f}\n", job.name(),
             readable_time(measured.time.median), readable_time(measured.time.minimum), measured.time.spread * 100,
             has_rate ? rate : "-",
             has_rate ? fmt::format("{:.0f} %", floor.seconds / measured.time.median * 100) : "-", floor.bound,
             load.cpu_per_wall, load.others_per_wall);
  std::fflush(stdout);
  return row;
}

int bench(const Options& options) {
  if (options.threads > 0) set_thread_count(options.threads);
  const std::vector<test::OpCase> cases = test::all_cases();
  const std::vector<Job> jobs = jobs_of(cases, options);
  if (jobs.empty()) throw apps::UsageError("no case matches; --list --cases all shows every name");
  if (options.list) {
    for (const Job& job : jobs) fmt::print("{}\n", job.name());
    return apps::exit_ok;
  }
  const Device device = apps::choose_device("sluice-bench-kernels", options.device);
  const LoadMeter meter;
  const Machine machine = describe_machine();
  fmt::print("{}\n{}\n", to_line(machine), apps::device_text(device));
  const Ceilings ceilings = device.kind == DeviceKind::cpu ? measure_ceilings() : measure_ceilings(device);
  Timer timer(device);
  fmt::print("{}\n\n{:<58} {:>11} {:>11} {:>7} {:>15} {:>6} {:<6} {:>5} {:>5}\n", to_line(ceilings),
             "operation_case/type/pass", "median", "min", "spread", "rate", "share", "of", "load", "other");
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Job& job : jobs) rows.push_back(run_job(job, options, device, ceilings, timer));
  const Load load = meter.read();
  fmt::print("\n{}\n", to_line(load));
  if (!options.json.empty())
    write_json(options.json, {{"machine", to_json(machine)},
                              {"device", apps::device_text(device)},
                              {"ceilings", to_json(ceilings)},
                              {"results", rows},
                              {"load", to_json(load)}});
  return apps::exit_ok;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Times every pass of the operations' cases. share: the time that the machine's measured ceiling allows over the\n"
      "median (above 100 % where an algorithm such as Winograd's needs fewer operations than are counted).\n"
      "load: this process's processor time over wall time; other: processors that everything else kept busy.",
      "sluice-bench-kernels");
  app.option_defaults()->always_capture_default();
  const std::map<std::string, Cases> kinds{
      {"benchmark", Cases::benchmark}, {"small", Cases::small}, {"all", Cases::all}};
  std::string cases = "benchmark";
  app.add_option("--filter", options.filter, "Only names in which this regular expression is found");
  app.add_option("--dtype", options.dtypes, "Types, by commas: f32, bf16")
      ->delimiter(',')
      ->check(apps::one_of({"f32", "bf16"}));
  app.add_option("--cases", cases, "benchmark (the large cases), small (the tests' own), or all")
      ->check(apps::one_of({"benchmark", "small", "all"}));
  app.add_option("--repetitions", options.budget.repetitions, "Least number of times that a pass is run")
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.budget.seconds, "Least time spent on a pass")->check(CLI::NonNegativeNumber);
  app.add_option("--threads", options.threads, "Threads; 0: OpenMP's default")->check(CLI::NonNegativeNumber);
  app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->check(apps::device_name());
  app.add_option("--json", options.json, "Also write the results to this file");
  app.add_flag("--list", options.list, "Only list the names");
  apps::parse_or_exit(app, argc, argv);
  options.cases = kinds.at(cases);
  try {
    return bench(options);
  } catch (const std::regex_error& error) {
    throw apps::UsageError(fmt::format("--filter '{}' is no regular expression: {}", options.filter, error.what()));
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::apps::run_main("sluice-bench-kernels", [&] { return sluice::bench::run(argc, argv); });
}

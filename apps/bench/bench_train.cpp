// SPDX-License-Identifier: Apache-2.0
// sluice-bench-train: the time of whole training steps of a model on random data.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include <sluice/base/philox.h>
#include <sluice/base/threads.h>
#include <sluice/core/graph.h>
#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/flood.h>
#include <sluice/core/ops/loss.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/kernels/runtime/tuning.h>
#include <sluice/nn/models.h>
#include <sluice/optim/sgd.h>
#include "apps/bench/machine.h"
#include "apps/bench/profile.h"
#include "apps/bench/report.h"
#include "apps/common/choose_device.h"
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"

namespace sluice::bench {
namespace {

using Clock = std::chrono::steady_clock;

enum class Profiling { off, on };

constexpr int kStepsTogether = 10;

struct Options {
  std::string model = "resnet20";
  std::int64_t batch_size = 0;  // 0: the model's usual one
  std::string precision = "fp32";
  double flood_level = 0;
  int steps = 20;
  int warmup = 5;
  int threads = 0;
  std::string device = "auto";
  std::string conv_engine = "auto";
  std::string graph = "auto";
  std::string json;
  bool profile = false;
};

struct Task {
  Shape image;  // [H,W,C]
  std::int64_t classes;
  std::int64_t batch_size;
};

Task task_of(const std::string& model) {
  if (model == "mlp") return {{28, 28, 1}, 10, 256};
  if (model == "mlp_paper") return {{1, 1, 2}, 2, 200};
  return {{32, 32, 3}, 10, 128};
}

Tensor random_images(const Shape& shape) {
  PhiloxStream random(0, RandomPurpose::synthetic, 0);
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  for (float& value : values) value = static_cast<float>(random.next_normal());
  return Tensor::from<float>(values, shape);
}

Tensor random_labels(std::int64_t count, std::int64_t classes) {
  PhiloxStream random(0, RandomPurpose::synthetic, 1);
  std::vector<std::int32_t> values(static_cast<std::size_t>(count));
  for (std::int32_t& value : values)
    value = static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(classes)));
  return Tensor::from<std::int32_t>(values, Shape{count});
}

// A model, its optimiser and one batch that stays the same.
class Training {
 public:
  Training(const Options& options, Device device)
      : device_(device),
        dtype_(apps::choose_precision(options.precision, device)),
        flood_level_(options.flood_level),
        loss_(Tensor::zeros({}, DType::f32, device)) {
    apps::choose_conv_engine(options.conv_engine);
    Task task = task_of(options.model);
    batch_size_ = options.batch_size > 0 ? options.batch_size : task.batch_size;
    model_ = nn::make_model(
        {.name = options.model, .image = task.image, .classes = task.classes, .seed = 0, .device = device});
    model_->set_mode(Mode::train);
    sgd_ = std::make_unique<optim::Sgd>(
        model_->parameters(), optim::SgdOptions{.learning_rate = 0.01, .momentum = 0.9, .weight_decay = 5e-4});
    images_ = random_images({batch_size_, task.image[0], task.image[1], task.image[2]}).to(device);
    labels_ = random_labels(batch_size_, task.classes).to(device);
    if (device.kind == DeviceKind::cuda && options.graph == "auto" && !options.profile) graph_.emplace(device);
  }

  std::int64_t batch_size() const { return batch_size_; }
  std::int64_t parameters() const {
    std::int64_t count = 0;
    for (const NamedParameter& parameter : model_->parameters()) count += parameter.variable.value().size();
    return count;
  }
  double last_loss() const { return loss_.item(); }
  bool graphed() const { return graph_ && graph_->captured(); }
  void wait() const { kernels::synchronize(kernels::exec_on(device_)); }

  void warm_up(int steps) {
    Profile unused;
    const auto work = [&] { step(unused, Profiling::off); };
    // A capture asks for memory as the second step does: the first one's loss is still held.
    for (int i = 0; i < (graph_ ? std::max(steps, 2) : steps); ++i) graph_ ? graph_->warm_up(work) : work();
    if (!graph_) return;
    graph_->capture(work);
    graph_->replay();
  }

  void run(Profile& profile, Profiling profiling) {
    if (graphed())
      graph_->replay();
    else
      step(profile, profiling);
  }

 private:
  void step(Profile& profile, Profiling profiling) {
    profile.start();
    Tape tape(profiling == Profiling::on ? profile.observer() : TapeObserver{});
    const Variable logits = (*model_)(tape.input(images_.cast(dtype_)));
    const Variable loss = ops::softmax_cross_entropy(logits, labels_);
    tape.backward(ops::flood(loss, flood_level_));
    sgd_->step();
    sgd_->clear_gradients();
    if (profiling == Profiling::on) profile.mark("optimiser");
    loss_ = loss.value();
  }

  Device device_;
  DType dtype_;
  double flood_level_;
  std::int64_t batch_size_ = 0;
  std::unique_ptr<nn::Module> model_;
  std::unique_ptr<optim::Sgd> sgd_;
  Tensor images_, labels_;
  std::optional<Graph> graph_;
  // There from the start, so that no step holds more than another.
  Tensor loss_;
};

nlohmann::ordered_json bench(const Options& options) {
  if (options.threads > 0) set_thread_count(options.threads);
  const Machine machine = describe_machine();
  const std::size_t resident_before = peak_resident_bytes();
  const Device device = apps::choose_device("sluice-bench-train", options.device);
  Training training(options, device);
  fmt::print("{}\n{} {} batch {}, {} parameters, {}\n", to_line(machine), options.model, options.precision,
             training.batch_size(), training.parameters(), apps::device_text(device));
  std::fflush(stdout);

  Profile profile;
  training.warm_up(options.warmup);
  training.wait();

  CachingAllocator& memory = allocator(device);
  // A device works on while the host goes ahead: several steps are timed together.
  const int together = device.kind == DeviceKind::cuda ? std::min(kStepsTogether, options.steps) : 1;
  const AllocatorStatistics before = memory.statistics();
  std::vector<double> seconds;
  const LoadMeter meter;
  for (int i = 0; i + together <= options.steps; i += together) {
    const auto begin = Clock::now();
    for (int step = 0; step < together; ++step) training.run(profile, options.profile ? Profiling::on : Profiling::off);
    training.wait();
    seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count() / together);
  }
  const Load load = meter.read();
  const AllocatorStatistics after = memory.statistics();
  const Summary time = summarise(seconds);
  if (!std::isfinite(training.last_loss())) throw NumericError("the loss is not finite");

  const auto batch = static_cast<double>(training.batch_size());
  const std::uint64_t driver_allocations = after.driver_allocations - before.driver_allocations;
  fmt::print("step       median {}, min {}, spread {:.0f} %, {} times {} steps{}\n", readable_time(time.median),
             readable_time(time.minimum), time.spread * 100, time.count, together,
             training.graphed() ? ", replayed as a graph" : "");
  fmt::print("images/s   {:.1f} by the median, {:.1f} at best\n", batch / time.median, batch / time.minimum);
  fmt::print("memory     tensors at most {:.1f} MiB, process at most {:.1f} MiB ({:.1f} before the model)\n",
             static_cast<double>(after.peak_bytes_in_use) / (1 << 20),
             static_cast<double>(peak_resident_bytes()) / (1 << 20), static_cast<double>(resident_before) / (1 << 20));
  fmt::print("after warm-up: {} driver allocations, {} allocations and {:.1f} page faults a step\n", driver_allocations,
             (after.allocations - before.allocations) / static_cast<std::uint64_t>(options.steps),
             static_cast<double>(load.page_faults) / options.steps);
  fmt::print("load       {}\n", to_line(load));
  if (options.profile) fmt::print("\n{}", profile.table(options.steps));

  return {{"program", "sluice-bench-train"},
          {"version", machine.version},
          {"machine", to_json(machine)},
          {"model", options.model},
          {"batch_size", training.batch_size()},
          {"precision", options.precision},
          {"flood_level", options.flood_level},
          {"device", apps::device_text(device)},
          {"conv_engine", options.conv_engine},
          {"graph", training.graphed()},
          {"threads", machine.threads},
          {"parameters", training.parameters()},
          {"median_ms", time.median * 1e3},
          {"minimum_ms", time.minimum * 1e3},
          {"images_per_second", batch / time.median},
          {"step_seconds", seconds},
          {"loss", training.last_loss()},
          {"driver_allocations_after_warmup", driver_allocations},
          {"allocator_peak_bytes", after.peak_bytes_in_use},
          {"allocator_reserved_bytes", after.bytes_reserved},
          {"resident_bytes", resident_bytes()},
          {"peak_resident_bytes", peak_resident_bytes()},
          {"resident_before_bytes", resident_before},
          {"algorithms", kernels::tuning_table()},
          {"load", to_json(load)}};
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Times training steps of a model on random data: forward, cross entropy, backward, SGD with momentum.\n"
      "Exits with 1 where a step after the warm-up asked the system for memory.",
      "sluice-bench-train");
  app.option_defaults()->always_capture_default();
  app.add_option("--model", options.model, "Model")->check(apps::one_of(nn::model_names()));
  app.add_option("--batch-size", options.batch_size,
                 "Images a step; 0: the model's usual number (128, mlp 256, mlp_paper 200)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--precision", options.precision, "fp32, tf32 (on CUDA devices) or bf16")
      ->check(apps::one_of({"fp32", "tf32", "bf16"}));
  app.add_option("--flood-level", options.flood_level, "Flood the loss at this level; 0: not at all")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--steps", options.steps, "Steps to time")->check(CLI::PositiveNumber);
  app.add_option("--warmup", options.warmup, "Steps before them")->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "Threads; 0: OpenMP's default")->check(CLI::NonNegativeNumber);
  app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->check(apps::device_name());
  app.add_option("--conv-engine", options.conv_engine, "Convolutions on CUDA devices: native, cudnn or auto")
      ->check(apps::one_of({"auto", "native", "cudnn"}));
  app.add_option("--graph", options.graph, "Replay steps as a captured CUDA graph: auto or off")
      ->check(apps::one_of({"auto", "off"}));
  app.add_option("--json", options.json, "Also write the results to this file");
  app.add_flag("--profile", options.profile, "Also print the share of each operation in the time of a step");
  apps::parse_or_exit(app, argc, argv);

  const nlohmann::ordered_json report = bench(options);
  if (!options.json.empty()) write_json(options.json, report);
  if (report["driver_allocations_after_warmup"] != 0)
    throw Error("a step after the warm-up asked the system for memory");
  return apps::exit_ok;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  return sluice::apps::run_main("sluice-bench-train", [&] { return sluice::bench::run(argc, argv); });
}

// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/loss.h>

#include <sluice/base/philox.h>
#include <sluice/core/ops/flood.h>
#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/fused/flooded_cross_entropy.h>
#include <sluice/core/ops/relax_loss.h>
#include "tests/cases/cases.h"
#include "tests/cases/resident.h"

namespace sluice::test {
namespace {

Resident random_labels(std::int64_t rows, std::int64_t classes) {
  PhiloxStream random(2, RandomPurpose::test, 0);
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (std::int32_t& label : labels)
    label = static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(classes)));
  return Tensor::from<std::int32_t>(labels, {rows});
}

ops::CrossEntropyOptions on(Device device, ops::CrossEntropyOptions options) {
  if (options.class_weights.defined()) options.class_weights = options.class_weights.to(device);
  return options;
}

OpCase cross_entropy_case(const char* name, std::int64_t rows, std::int64_t classes,
                          const ops::CrossEntropyOptions& options, double magnitude = 4) {
  const Resident labels = random_labels(rows, classes);
  return {.op = "softmax_cross_entropy",
          .name = name,
          .inputs = {{.name = "logits", .shape = {rows, classes}, .low = -magnitude, .high = magnitude}},
          .run =
              [=](const std::vector<Variable>& in) {
                const Device device = in[0].value().device();
                return ops::softmax_cross_entropy(in[0], labels.to(device), on(device, options));
              },
          .bytes = [=](double element) { return element * static_cast<double>(rows * classes); }};
}

std::vector<OpCase> row_loss_cases(const Tensor& weights) {
  std::vector<OpCase> cases;
  const ops::CrossEntropyOptions all{.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 3};
  for (const auto& [name, rows, classes, options] : {std::tuple{"one", 1, 1, ops::CrossEntropyOptions{}},
                                                     std::tuple{"many_classes", 67, 131, ops::CrossEntropyOptions{}},
                                                     std::tuple{"few_lanes", 37, 20, ops::CrossEntropyOptions{}},
                                                     std::tuple{"past_a_warp", 5, 259, ops::CrossEntropyOptions{}},
                                                     std::tuple{"smoothed_weighted_ignoring", 9, 7, all}}) {
    cases.push_back(cross_entropy_case(name, rows, classes, options));
    cases.back().op = "softmax_cross_entropy_rows";
    cases.back().run = [labels = random_labels(rows, classes), given = options](const std::vector<Variable>& in) {
      const Device device = in[0].value().device();
      return ops::softmax_cross_entropy_rows(in[0], labels.to(device), on(device, given));
    };
  }
  return cases;
}

// Losses in [1,2) around levels in [1,2): on both sides, and none within a finite difference of its level.
std::vector<OpCase> flood_rows_cases() {
  using ops::FloodGranularity;
  std::vector<OpCase> cases;
  const ops::FloodOptions hard{.granularity = FloodGranularity::group, .group = 4};
  const ops::FloodOptions soft{
      .granularity = FloodGranularity::group, .group = 4, .transform = ops::FloodTransform::soft, .softness = 0.3};
  for (const auto& [name, rows, options] :
       {std::tuple{"one", 1, hard}, std::tuple{"hard", 37, hard}, std::tuple{"soft", 37, soft},
        std::tuple{"samples", 1030, ops::FloodOptions{.granularity = FloodGranularity::sample}},
        std::tuple{"soft_batch", 131, ops::FloodOptions{.transform = ops::FloodTransform::soft}}}) {
    const Tensor levels = random_tensor({rows}, DType::f32, 11, 1, 2);
    cases.push_back(
        {.op = "flood_rows",
         .name = name,
         .inputs = {{.name = "losses", .shape = {rows}, .low = 1, .high = 2, .role = CaseInput::Role::parameter}},
         .run =
             [levels, o = options](const std::vector<Variable>& in) {
               return ops::flood_rows(in[0], levels.to(in[0].value().device()), o).loss;
             },
         .tolerance_bf16 = 1e-5});
  }
  return cases;
}

// Levels on either side of losses near 2.
std::vector<OpCase> flooded_cross_entropy_cases(const Tensor& weights) {
  std::vector<OpCase> cases;
  const ops::CrossEntropyOptions all{.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 3};
  // Rows of 16, 32 and 256 classes are the most that one, four and 32 lanes of a warp hold; 700 x 100 logits are more
  // than one block takes.
  for (const auto& [name, rows, classes, level, options] :
       {std::tuple{"one", 1, 1, 0.5, ops::CrossEntropyOptions{}},
        std::tuple{"above", 37, 10, 0.5, ops::CrossEntropyOptions{}},
        std::tuple{"below", 37, 16, 50.0, ops::CrossEntropyOptions{}},
        std::tuple{"off", 33, 17, 0.0, ops::CrossEntropyOptions{}},
        std::tuple{"smoothed_weighted_ignoring", 9, 7, 50.0, all},
        std::tuple{"wide", 5, 259, 0.5, ops::CrossEntropyOptions{}},
        std::tuple{"many", 700, 100, 50.0, ops::CrossEntropyOptions{}}}) {
    cases.push_back(cross_entropy_case(name, rows, classes, options));
    cases.back().op = "flooded_cross_entropy";
    cases.back().run = [labels = random_labels(rows, classes), b = level,
                        o = options](const std::vector<Variable>& in) {
      const Device device = in[0].value().device();
      return ops::flooded_cross_entropy(in[0], labels.to(device), b, on(device, o)).loss;
    };
  }
  return cases;
}

// Row losses of 0 to 9 around levels of 1 to 3, one a row or one for all.
std::vector<OpCase> flooded_cross_entropy_rows_cases(const Tensor& weights) {
  using ops::FloodGranularity;
  using ops::FloodOptions;
  const auto soft = ops::FloodTransform::soft;
  const FloodOptions group{.granularity = FloodGranularity::group, .group = 4};
  const FloodOptions warp{.granularity = FloodGranularity::group, .group = 21};
  const FloodOptions sample{.granularity = FloodGranularity::sample};
  const FloodOptions soft_group{.granularity = FloodGranularity::group, .group = 4, .transform = soft, .softness = 0.3};
  const FloodOptions soft_batch{.transform = soft};
  const ops::CrossEntropyOptions plain, all{.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 3};
  const Tensor one = Tensor::full({}, 2.5, DType::f64);
  std::vector<OpCase> cases;
  // 700 x 100 logits are more than one block takes; 1030 rows in one group have all of a block.
  for (const auto& [name, rows, classes, flood, levels, options] :
       {std::tuple{"one", 1, 1, sample, one, plain}, std::tuple{"sample", 37, 10, sample, Tensor{}, plain},
        std::tuple{"group", 37, 16, group, one, plain}, std::tuple{"warp_group", 131, 17, warp, Tensor{}, plain},
        std::tuple{"batch", 1030, 3, FloodOptions{}, Tensor{}, plain},
        std::tuple{"soft_sample_wide", 5, 259, FloodOptions{.granularity = FloodGranularity::sample, .transform = soft},
                   one, plain},
        std::tuple{"soft_batch", 37, 10, soft_batch, one, plain},
        std::tuple{"smoothed_weighted_ignoring", 9, 7, soft_group, Tensor{}, all},
        std::tuple{"many", 700, 100, sample, Tensor{}, plain}}) {
    cases.push_back(cross_entropy_case(name, rows, classes, options));
    cases.back().op = "flooded_cross_entropy_rows";
    const Resident of_rows = levels.defined() ? levels : random_tensor({rows}, DType::f32, 11, 1, 3);
    cases.back().run = [labels = random_labels(rows, classes), of_rows, f = flood,
                        given = options](const std::vector<Variable>& in) {
      const Device device = in[0].value().device();
      return ops::flooded_cross_entropy_rows(in[0], labels.to(device), of_rows.to(device), f, on(device, given)).loss;
    };
  }
  return cases;
}

// At the size of a batch, for the clock: what one launch does, and the two or three that it stands for.
std::vector<OpCase> flooded_batch_cases() {
  constexpr std::int64_t rows = 2048, classes = 10;
  const ops::FloodOptions sample{.granularity = ops::FloodGranularity::sample};
  std::vector<OpCase> cases;
  const auto add = [&](const char* op, const auto& run) {
    cases.push_back(cross_entropy_case("cifar10_2048", rows, classes, {}));
    cases.back().op = op;
    cases.back().run = [run, labels = random_labels(rows, classes),
                        level = Resident(Tensor::full({}, 0.5, DType::f64))](const std::vector<Variable>& in) {
      const Device device = in[0].value().device();
      return run(in[0], labels.to(device), level.to(device));
    };
    cases.back().benchmark_only = true;
  };
  add("flooded_cross_entropy", [](const Variable& x, const Tensor& labels, const Tensor& level) {
    return ops::flooded_cross_entropy(x, labels, level).loss;
  });
  add("flood_of_cross_entropy", [](const Variable& x, const Tensor& labels, const Tensor& level) {
    return ops::flood(ops::softmax_cross_entropy(x, labels), level);
  });
  add("flooded_cross_entropy_rows", [=](const Variable& x, const Tensor& labels, const Tensor& level) {
    return ops::flooded_cross_entropy_rows(x, labels, level, sample).loss;
  });
  add("flood_rows_of_cross_entropy", [=](const Variable& x, const Tensor& labels, const Tensor& level) {
    return ops::flood_rows(ops::softmax_cross_entropy_rows(x, labels), level, sample).loss;
  });
  return cases;
}

std::vector<OpCase> relax_loss_cases() {
  std::vector<OpCase> cases;
  for (const auto& [name, rows, classes, level, phase] :
       {std::tuple{"descends", 9, 7, 0.5, ops::RelaxPhase::flatten},
        std::tuple{"flattens", 9, 7, 50.0, ops::RelaxPhase::flatten},
        std::tuple{"flattens_two_classes", 5, 2, 50.0, ops::RelaxPhase::flatten},
        std::tuple{"flattens_many_classes", 67, 131, 50.0, ops::RelaxPhase::flatten},
        std::tuple{"flattens_few_lanes", 37, 20, 50.0, ops::RelaxPhase::flatten},
        std::tuple{"flattens_past_a_warp", 5, 259, 50.0, ops::RelaxPhase::flatten},
        std::tuple{"floods", 9, 7, 50.0, ops::RelaxPhase::flood}})
    cases.push_back(
        {.op = "relax_loss",
         .name = name,
         .inputs = {{.name = "logits", .shape = {rows, classes}, .low = -4, .high = 4}},
         .run = [labels = random_labels(rows, classes), b = level, p = phase](const std::vector<Variable>& in) {
           return ops::relax_loss(in[0], labels.to(in[0].value().device()), b, p).loss;
         }});
  return cases;
}

}  // namespace

std::vector<OpCase> loss_cases() {
  const Tensor weights = random_tensor({7}, DType::f32, 5, 0.2, 3);
  std::vector<OpCase> cases = {
      cross_entropy_case("one", 1, 1, {}),
      cross_entropy_case("odd", 5, 7, {}),
      // More rows than a thread's share, and rows longer than a vector.
      cross_entropy_case("many_classes", 67, 131, {}),
      // Rows that four lanes of a warp hold, and such as no warp holds.
      cross_entropy_case("few_lanes", 37, 20, {}),
      cross_entropy_case("past_a_warp", 5, 259, {}),
      cross_entropy_case("smoothed", 5, 7, {.label_smoothing = 0.2}),
      cross_entropy_case("weighted", 5, 7, {.class_weights = weights}),
      cross_entropy_case("ignoring", 9, 7, {.ignore_index = 3}),
      cross_entropy_case("smoothed_weighted_ignoring", 9, 7,
                         {.label_smoothing = 0.1, .class_weights = weights, .ignore_index = 3}),
      // e^120 is no f32: the largest logit has to come off first.
      cross_entropy_case("large_logits", 5, 7, {}, 120),
  };
  for (const auto& [name, rows, classes] :
       {std::tuple{"cifar10", 128, 10}, std::tuple{"thousand_classes", 256, 1000}}) {
    cases.push_back(cross_entropy_case(name, rows, classes, {}));
    cases.back().benchmark_only = true;
  }
  for (OpCase& op_case : row_loss_cases(weights)) cases.push_back(std::move(op_case));
  for (OpCase& op_case : flood_rows_cases()) cases.push_back(std::move(op_case));
  for (OpCase& op_case : flooded_cross_entropy_cases(weights)) cases.push_back(std::move(op_case));
  for (OpCase& op_case : flooded_cross_entropy_rows_cases(weights)) cases.push_back(std::move(op_case));
  for (OpCase& op_case : flooded_batch_cases()) cases.push_back(std::move(op_case));
  for (OpCase& op_case : relax_loss_cases()) cases.push_back(std::move(op_case));
  const auto squared = [](const std::vector<Variable>& in) { return ops::mean_squared_error(in[0], in[1]); };
  for (const auto& [name, shape] : {std::pair{"one", Shape{1}}, std::pair{"odd", Shape{3, 5, 7}},
                                    // Several chunks of the sum, the last of them short.
                                    std::pair{"chunks", Shape{4099, 3}}})
    cases.push_back(
        {.op = "mean_squared_error", .name = name, .inputs = {{"x", shape}, {"target", shape}}, .run = squared});
  cases.push_back({.op = "mean_squared_error",
                   .name = "image_batch",
                   .inputs = {{"x", {128, 32, 32, 3}}, {"target", {128, 32, 32, 3}}},
                   .run = squared,
                   .benchmark_only = true});
  // The loss is f32 beside bf16 activations, as a parameter is.
  for (const auto& [name, level] : {std::pair{"above", 0.5}, std::pair{"below", 2.5}, std::pair{"off", 0.0}})
    cases.push_back({.op = "flood",
                     .name = name,
                     .inputs = {{.name = "loss", .shape = {}, .low = 1, .high = 2, .role = CaseInput::Role::parameter}},
                     .run = [b = level](const std::vector<Variable>& in) { return ops::flood(in[0], b); },
                     .tolerance_bf16 = 1e-5});
  return cases;
}

}  // namespace sluice::test

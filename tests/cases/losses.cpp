// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/losses.h>

#include <sluice/core/ops/flood.h>
#include "tests/cases/cases.h"
#include "tests/cases/resident.h"

namespace sluice::test {
namespace {

using Inputs = std::vector<Variable>;

Device device_of(const Inputs& in) { return in[0].value().device(); }

// 1 and -1 in the type of x and where it is.
Variable signs(const Inputs& in, std::int64_t count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 3 == 1 ? -1 : 1;
  return Tensor::from<double>(values, {count}).cast(in[0].dtype()).to(device_of(in));
}

Resident labels(std::int64_t rows, std::int64_t classes) {
  Tensor tensor = Tensor::zeros({rows}, DType::i32);
  for (std::int64_t i = 0; i < rows; ++i)
    tensor.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(i * 5 % classes);
  return tensor;
}

// The losses of two tensors of one shape, which are reduced alike.
void add_pairs(std::vector<OpCase>& cases) {
  using ops::Reduction;
  struct Row {
    const char* op;
    std::function<Variable(const Variable&, const Variable&, Reduction)> function;
    double low = -2, high = 2;  // of the targets
  };
  const auto smooth = [](const Variable& x, const Variable& t, Reduction r) {
    return ops::smooth_l1_loss(x, t, 0.75, r);
  };
  const auto divergence = [](const Variable& x, const Variable& t, Reduction r) { return ops::kl_div(x, t, r); };
  const auto of_logarithms = [](const Variable& x, const Variable& t, Reduction r) {
    return ops::kl_div(x, t, r, ops::LogTarget::yes);
  };
  const auto hinge = [](const Variable& x, const Variable& t, Reduction r) { return ops::hinge_loss(x, t, 1, r); };
  const auto add = [&](const Row& row, const std::string& name, const Shape& shape, Reduction reduction,
                       double level = 0) {
    cases.push_back({.op = row.op,
                     .name = name,
                     .inputs = {{.name = "x", .shape = shape, .low = -2, .high = 2},
                                {.name = "target", .shape = shape, .low = row.low, .high = row.high}},
                     .run =
                         [f = row.function, reduction, level](const Inputs& in) {
                           const Variable loss = f(in[0], in[1], reduction);
                           return level > 0 ? ops::flood(loss, level) : loss;
                         },
                     // Gradients are rounded to bf16, and terms of both signs are summed.
                     .tolerance_bf16 = 3e-2});
  };
  for (const Row& row : {Row{"l1_loss", ops::l1_loss}, Row{"smooth_l1_loss", smooth}, Row{"hinge_loss", hinge},
                         Row{"binary_cross_entropy_with_logits", ops::binary_cross_entropy_with_logits, 0, 1},
                         Row{"kl_div", divergence, 0.05, 1}}) {
    add(row, "one", {1}, Reduction::mean);
    add(row, "odd", {3, 5, 7}, Reduction::mean);
    add(row, "terms", {5, 3}, Reduction::none);
    add(row, "sum", {37}, Reduction::sum);
    add(row, "sum_of_nothing", {0, 5}, Reduction::sum);
    add(row, "batch_mean", {3, 5}, Reduction::batch_mean);
    add(row, "flooded", {3, 5}, Reduction::mean, 50);
  }
  add({"kl_div", of_logarithms, -2, 0}, "of_logarithms", {3, 5}, Reduction::batch_mean);
}

void add_classes(std::vector<OpCase>& cases) {
  const Tensor weights = random_tensor({7}, DType::f32, 5, 0.2, 3);
  const ops::SoftTargetOptions all{.label_smoothing = 0.1, .class_weights = weights};
  for (const auto& [name, rows, classes, options, level] :
       {std::tuple{"one", 1, 1, ops::SoftTargetOptions{}, 0.0}, std::tuple{"odd", 5, 3, ops::SoftTargetOptions{}, 0.0},
        std::tuple{"smoothed_weighted", 9, 7, all, 0.0},
        std::tuple{"rows", 9, 7, ops::SoftTargetOptions{.reduction = ops::Reduction::none}, 0.0},
        std::tuple{"flooded", 5, 3, ops::SoftTargetOptions{}, 50.0}})
    cases.push_back({.op = "soft_target_cross_entropy",
                     .name = name,
                     .inputs = {{.name = "logits", .shape = {rows, classes}, .low = -4, .high = 4},
                                {.name = "targets", .shape = {rows, classes}, .low = 0, .high = 1}},
                     .run = [given = options, b = level](const Inputs& in) {
                       ops::SoftTargetOptions there = given;
                       if (there.class_weights.defined()) there.class_weights = there.class_weights.to(device_of(in));
                       const Variable loss = ops::soft_target_cross_entropy(in[0], in[1], there);
                       return b > 0 ? ops::flood(loss, b) : loss;
                     }});
  const ops::CrossEntropyOptions ignoring{.class_weights = weights, .ignore_index = 3};
  for (const auto& [name, rows, classes, options, reduction, level] :
       {std::tuple{"one", 1, 1, ops::CrossEntropyOptions{}, ops::Reduction::mean, 0.0},
        std::tuple{"odd", 5, 3, ops::CrossEntropyOptions{}, ops::Reduction::mean, 0.0},
        std::tuple{"weighted_ignoring", 9, 7, ignoring, ops::Reduction::mean, 0.0},
        std::tuple{"rows", 9, 7, ignoring, ops::Reduction::none, 0.0},
        std::tuple{"flooded", 5, 3, ops::CrossEntropyOptions{}, ops::Reduction::mean, 50.0}})
    cases.push_back(
        {.op = "nll_loss",
         .name = name,
         .inputs = {{.name = "x", .shape = {rows, classes}, .low = -4, .high = 0}},
         .run = [given = options, index = labels(rows, classes), r = reduction, b = level](const Inputs& in) {
           ops::CrossEntropyOptions there = given;
           if (there.class_weights.defined()) there.class_weights = there.class_weights.to(device_of(in));
           const Variable loss = ops::nll_loss(in[0], index.to(device_of(in)), there, r);
           return b > 0 ? ops::flood(loss, b) : loss;
         }});
  for (const auto& [name, rows, classes, level] :
       {std::tuple{"one", 1, 1, 0.0}, std::tuple{"odd", 5, 7, 0.0}, std::tuple{"flooded", 9, 3, 50.0}})
    cases.push_back({.op = "multi_margin_loss",
                     .name = name,
                     .inputs = {{.name = "x", .shape = {rows, classes}, .low = -2, .high = 2}},
                     .run = [index = labels(rows, classes), b = level](const Inputs& in) {
                       const Variable loss = ops::multi_margin_loss(in[0], index.to(device_of(in)));
                       return b > 0 ? ops::flood(loss, b) : loss;
                     }});
}

void add_cosines(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const Shape& a, const Shape& b, int axis) {
    cases.push_back(
        {.op = "cosine_similarity", .name = name, .inputs = {{"a", a}, {"b", b}}, .run = [axis](const Inputs& in) {
           return ops::cosine_similarity(in[0], in[1], axis);
         }});
  };
  // Of one number it is a sign, without a gradient.
  add("two", {1, 2}, {1, 2}, 1);
  add("odd", {3, 5, 7}, {3, 5, 7}, 1);
  add("broadcast", {3, 1, 7}, {5, 7}, -1);
  add("outermost", {5, 3}, {5, 3}, 0);
  for (const auto& [name, rows, level] :
       {std::tuple{"one", 1, 0.0}, std::tuple{"odd", 7, 0.0}, std::tuple{"flooded", 7, 50.0}})
    cases.push_back({.op = "cosine_embedding_loss",
                     .name = name,
                     .inputs = {{"a", {rows, 5}}, {"b", {rows, 5}}},
                     .run = [n = rows, b = level](const Inputs& in) {
                       const Variable loss = ops::cosine_embedding_loss(in[0], in[1], signs(in, n), 0.1);
                       return b > 0 ? ops::flood(loss, b) : loss;
                     }});
}

}  // namespace

std::vector<OpCase> losses_cases() {
  std::vector<OpCase> cases;
  add_pairs(cases);
  add_classes(cases);
  add_cosines(cases);
  return cases;
}

}  // namespace sluice::test

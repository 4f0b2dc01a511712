// SPDX-License-Identifier: Apache-2.0
// For the clock only: the losses, the meter and the augmentation of a training step, for a batch of CIFAR-10. Their
// tests are in tests/kernels/device_parity_test.cpp and beside each.
#include <functional>
#include <memory>

#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/fused/flooded_cross_entropy.h>
#include <sluice/core/ops/loss.h>
#include <sluice/core/ops/meter.h>
#include <sluice/core/ops/relax_loss.h>
#include <sluice/kernels/augment.h>
#include <sluice/kernels/runtime/dispatch.h>
#include "tests/cases/cases.h"
#include "tests/cases/resident.h"

namespace sluice::test {
namespace {

constexpr std::int64_t kRows = 128, kClasses = 10;
using Inputs = std::vector<Variable>;

Resident some_labels(std::int64_t rows, std::int64_t classes) {
  std::vector<std::int32_t> labels(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i * 7 % classes);
  return Tensor::from<std::int32_t>(labels, {rows});
}

// Losses over logits, whose gradient is taken too.
OpCase logits_case(const char* op, const char* name, std::int64_t rows, std::int64_t classes,
                   const std::function<Variable(const Variable& logits, const Tensor& labels)>& run) {
  return {.op = op,
          .name = name,
          .inputs = {{.name = "logits", .shape = {rows, classes}, .low = -4, .high = 4}},
          .run = [run, labels = some_labels(rows, classes)](
                     const Inputs& in) { return run(in[0], labels.to(in[0].value().device())); },
          .bytes = [=](double element) { return element * static_cast<double>(rows * classes); },
          .benchmark_only = true};
}

std::vector<OpCase> batch_cases() {
  std::vector<OpCase> cases;
  // That of a batch of CIFAR-10 stands beside the operations that it replaces, in loss.cpp.
  cases.push_back(logits_case("flooded_cross_entropy", "thousand_classes", 256, 1000,
                              [](const Variable& logits, const Tensor& labels) {
                                return ops::flooded_cross_entropy(logits, labels, 0.5).loss;
                              }));
  cases.push_back(logits_case(
      "softmax_cross_entropy_rows", "cifar10", kRows, kClasses,
      [](const Variable& logits, const Tensor& labels) { return ops::softmax_cross_entropy_rows(logits, labels); }));
  cases.push_back(
      logits_case("relax_loss", "cifar10", kRows, kClasses, [](const Variable& logits, const Tensor& labels) {
        return ops::relax_loss(logits, labels, 50, ops::RelaxPhase::flatten).loss;
      }));
  // The losses of a batch, each against the level of its class.
  cases.push_back(
      {.op = "flood_rows",
       .name = "class_levels",
       .inputs = {{.name = "losses", .shape = {kRows}, .high = 2, .role = CaseInput::Role::parameter},
                  {.name = "levels", .shape = {kClasses}, .low = 0, .role = CaseInput::Role::constant_parameter}},
       .run =
           [labels = some_labels(kRows, kClasses)](const Inputs& in) {
             const Tensor& given = labels.to(in[0].value().device());
             return ops::flood_rows(in[0], ops::class_levels(in[1].value(), given),
                                    {.granularity = ops::FloodGranularity::sample})
                 .loss;
           },
       .benchmark_only = true,
       .with_bf16 = false});
  cases.push_back(
      logits_case("meter", "cifar10", kRows, kClasses,
                  [meter = std::make_shared<TrainingMeter>(), loss = Resident(Tensor::full({}, 2, DType::f32))](
                      const Variable& logits, const Tensor& labels) {
                    const Tensor& values = logits.value();
                    meter->add(loss.to(values.device()), values, labels, 0.5);
                    return logits;
                  }));
  cases.back().inputs[0].role = CaseInput::Role::constant;
  return cases;
}

// The images lie on the device as bytes.
OpCase augment_case() {
  const kernels::AugmentGeometry g{kRows, 32, 32, 3, {.crop_padding = 4, .flip = kernels::Flip::horizontal}};
  // Of the images, 64-bit indices, all of them 0.
  const Resident images = Tensor::zeros({kRows, 32, 32, 3}, DType::u8), which = Tensor::zeros({kRows}, DType::f64),
                 epoch = Tensor::zeros({}, DType::f64);
  return {.op = "augment",
          .name = "cifar10",
          .inputs = {{.name = "y", .shape = {kRows, 32, 32, 3}, .role = CaseInput::Role::constant},
                     {.name = "values", .shape = {3, 256}, .role = CaseInput::Role::constant_parameter}},
          .run =
              [=](const Inputs& in) {
                const Tensor& y = in[0].value();
                const Device device = y.device();
                Tensor out = Tensor::empty(y.shape(), y.dtype(), y.device());
                const Exec exec = exec_of(out);
                dispatch<Types<float, BFloat16>, CudaTypes>(exec, y.dtype(), "augment", [&]<class Device, class T>() {
                  kernels::Augment<Device>::images(exec, g, 1, epoch.to(device).data<double>(),
                                                   static_cast<const std::int64_t*>(which.to(device).raw()),
                                                   images.to(device).data<std::uint8_t>(), in[1].value().data<float>(),
                                                   out.mutable_data<T>());
                });
                return Variable(out);
              },
          .bytes = [](double element) { return (1 + element) * kRows * 32 * 32 * 3; },
          .benchmark_only = true};
}

}  // namespace

std::vector<OpCase> training_step_cases() {
  std::vector<OpCase> cases = batch_cases();
  cases.push_back(augment_case());
  return cases;
}

}  // namespace sluice::test

// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/flood_rows.h>

#include <algorithm>
#include <cmath>

#include <sluice/core/ops/flood_rows_check.h>
#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

constexpr const char* kOp = "flood_rows";

bool is_loss_type(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

void check_levels(const char* op, const Shape& rows, DType dtype, Device device, const Tensor& levels) {
  const bool one = levels.defined() && levels.shape() == Shape{};
  require(levels.defined() && (one || levels.shape() == rows), op, "levels expect [] or ", rows, ", got ",
          levels.shape());
  require(levels.dtype() == DType::f32 || levels.dtype() == dtype || (one && levels.dtype() == DType::f64), op,
          "levels expect f32 or ", name_of(one ? DType::f64 : dtype), ", got ", name_of(levels.dtype()));
  require(levels.device() == device, op, "levels are on ", levels.device(), ", the losses on ", device);
  if (levels.device().kind == DeviceKind::cpu)
    for (const double level : levels.cast(DType::f64).to_vector<double>()) check_flood_level(op, level);
}

std::int64_t group_of(const char* op, const FloodOptions& options, std::int64_t rows) {
  switch (options.granularity) {
    case FloodGranularity::batch: return rows;
    case FloodGranularity::sample: return 1;
    case FloodGranularity::group: break;
  }
  require(options.group >= 1, op, "expects groups of at least 1 row, got ", options.group);
  return std::min(options.group, rows);
}

}  // namespace

void check_flood_level(const char* op, double level) {
  require(std::isfinite(level) && level >= 0, op, "expects finite levels of at least 0, got ", level);
}

FloodArguments check_flood_rows(const char* op, const Shape& rows, DType dtype, Device device, const Tensor& levels,
                                const FloodOptions& options) {
  check_levels(op, rows, dtype, device, levels);
  const bool soft = options.transform == FloodTransform::soft;
  require(!soft || (std::isfinite(options.softness) && options.softness > 0), op,
          "expects a finite softness above 0, got ", options.softness);
  const bool one = levels.shape() == Shape{};
  return {.rule = {.group = group_of(op, options, rows[0]),
                   .transform = soft ? kernels::FloodTransform::soft : kernels::FloodTransform::hard,
                   .softness = options.softness},
          .one = one ? levels.cast(DType::f64) : Tensor{},
          .of_rows = one ? Tensor{} : levels.cast(dtype)};
}

FloodedRows flood_rows(const Variable& row_losses, double level, const FloodOptions& options) {
  check_flood_level(kOp, level);
  require(row_losses.defined(), kOp, "expects row losses, got none");
  return flood_rows(row_losses, Tensor::full({}, level, DType::f64, row_losses.value().device()), options);
}

FloodedRows flood_rows(const Variable& row_losses, const Tensor& levels, const FloodOptions& options) {
  const Tensor& losses = row_losses.value();
  require(losses.defined() && losses.shape().rank() == 1 && losses.size() >= 1 && is_loss_type(losses.dtype()), kOp,
          "expects the losses of at least one row, [N] in f32 or f64, got ", name_of(losses.dtype()), losses.shape());
  const FloodArguments flood = check_flood_rows(kOp, losses.shape(), losses.dtype(), losses.device(), levels, options);
  const auto scalar = [&] { return Tensor::empty({}, losses.dtype(), losses.device()); };
  Tensor value = scalar(), mean = scalar(), flooded = scalar();
  Tensor slope = Tensor::empty(losses.shape(), losses.dtype(), losses.device());
  dispatch_master(exec_of(losses), losses.dtype(), kOp, [&]<class Device, class T>() {
    kernels::Flood<Device>::rows_forward(exec_of(losses), losses.size(), flood.rule, losses.data<T>(),
                                         flood.levels<T>(), value.mutable_data<T>(), mean.mutable_data<T>(),
                                         flooded.mutable_data<T>(), slope.mutable_data<T>());
  });
  Variable loss = record(kOp, value, {&row_losses}, [slope](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(slope.shape(), slope.dtype(), slope.device());
    dispatch_master(exec_of(dx), dx.dtype(), kOp, [&]<class Device, class T>() {
      kernels::Elementwise<Device>::scale_by(exec_of(dx), dx.size(), dy.data<T>(), slope.data<T>(),
                                             dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
  return {.loss = std::move(loss), .mean = mean, .flooded = flooded};
}

Tensor class_levels(const Tensor& levels, const Tensor& labels) {
  constexpr const char* op = "class_levels";
  require(levels.defined() && levels.shape().rank() == 1 && is_loss_type(levels.dtype()), op,
          "levels expect [C] in f32 or f64, got ", name_of(levels.dtype()), levels.shape());
  require(labels.defined() && labels.shape().rank() == 1 && labels.dtype() == DType::i32, op,
          "labels expect i32 [N], got ", name_of(labels.dtype()), labels.shape());
  Tensor gathered = Tensor::empty(labels.shape(), levels.dtype(), levels.device());
  dispatch_master(exec_of(gathered), levels.dtype(), kOp, [&]<class Device, class T>() {
    kernels::Flood<Device>::gather_class_levels(exec_of(gathered), labels.size(), levels.size(), levels.data<T>(),
                                                labels.data<std::int32_t>(), gathered.mutable_data<T>());
  });
  return gathered;
}

}  // namespace sluice::ops

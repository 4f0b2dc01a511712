// SPDX-License-Identifier: Apache-2.0
// Pooling modules for nn::Sequential; core/ops/pool.h has their definitions.
#pragma once

#include <sluice/core/ops/pool.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const ops::Pool2dOptions& options = {}) : options_(options) {}
  Variable forward(const Variable& x) override { return ops::max_pool2d(x, options_); }

 private:
  ops::Pool2dOptions options_;
};

class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const ops::Pool2dOptions& options = {}) : options_(options) {}
  Variable forward(const Variable& x) override { return ops::avg_pool2d(x, options_); }

 private:
  ops::Pool2dOptions options_;
};

class GlobalAveragePool : public Module {
 public:
  Variable forward(const Variable& x) override { return ops::global_average_pool(x); }
};

}  // namespace sluice::nn

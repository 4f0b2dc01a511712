// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include <sluice/core/tensor.h>

namespace sluice::test {

// A tensor that stays on the device where it was last wanted, so that the clock sees the operation and no copy.
class Resident {
 public:
  Resident(Tensor tensor) : there_(std::make_shared<Tensor>(std::move(tensor))) {}
  const Tensor& to(Device device) const { return *there_ = there_->to(device); }

 private:
  std::shared_ptr<Tensor> there_;
};

}  // namespace sluice::test

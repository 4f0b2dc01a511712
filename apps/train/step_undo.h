// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <sluice/core/ops/meter.h>
#include <sluice/core/parameter.h>

namespace sluice::apps {

// What the passes of a training step change before its update is known to be finite: running statistics and the sums of
// the meter. The weights are not among it, since they change last.
class StepUndo {
 public:
  // `buffers` share their elements with the model; the meter must outlive this object.
  StepUndo(std::vector<NamedTensor> buffers, TrainingMeter& meter);

  void remember();
  // Brings everything back to where it was at remember(), bit for bit.
  void undo();

 private:
  std::vector<NamedTensor> buffers_;
  std::vector<Tensor> before_;  // of the buffers
  TrainingMeter& meter_;
  Tensor meter_before_;
};

}  // namespace sluice::apps

// SPDX-License-Identifier: Apache-2.0
// Sums over training batches, in device memory, so that a step need not wait for the host. Counts are whole numbers in
// doubles: exact, and independent of the order of threads. Bound by bytes: the logits are read once.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// The meter's memory: double [kMeterSize], at these places.
enum MeterPlace : int { kMeterLoss, kMeterImages, kMeterCorrect, kMeterBatches, kMeterFlooded, kMeterSize };

template <class Device>
struct Meter {
  // Of logits [N,C] and labels [N], rows with a label below 0 left out: adds their number, how many have their
  // label's logit largest (the first of equals; a label of C or more has none), and `loss` times their number.
  template <class T>
  static void add_images(const Exec&, std::int64_t rows, std::int64_t classes, const Master<T>* loss, const T* logits,
                         const std::int32_t* labels, double* meter);
  // Adds a batch, flooded where level[0] > 0 and loss < level[0], which is rounded to T: float or double.
  template <class T>
  static void add_batch(const Exec&, const double* level, const T* loss, double* meter);
  // Adds a batch of whose rows the share flooded[0] in [0,1] was flooded.
  template <class T>
  static void add_flooded(const Exec&, const T* flooded, double* meter);
};

}  // namespace sluice::kernels

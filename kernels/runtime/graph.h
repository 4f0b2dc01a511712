// SPDX-License-Identifier: Apache-2.0
// Work of a stream that is recorded once and launched again and again as one: a CUDA graph.
#pragma once

#include <memory>

#include <sluice/base/exec.h>

namespace sluice::kernels {

class RecordedWork {
 public:
  virtual ~RecordedWork() = default;
  RecordedWork(const RecordedWork&) = delete;
  RecordedWork& operator=(const RecordedWork&) = delete;
  virtual void launch(const Exec& exec) = 0;

 protected:
  RecordedWork() = default;
};

// From here on what is launched on `exec` is recorded and not run. Throws DeviceError on a device without graphs.
void begin_recording(const Exec& exec);
// What was recorded since. Throws DeviceError where something was asked for that can't be recorded.
std::unique_ptr<RecordedWork> end_recording(const Exec& exec);
// Ends a recording that failed, and drops it.
void abandon_recording(const Exec& exec) noexcept;

}  // namespace sluice::kernels

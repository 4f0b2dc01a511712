// SPDX-License-Identifier: Apache-2.0
// The CUDA device of a build without CUDA: there is none, and whatever is asked of it throws DeviceError.
#include <sluice/base/error.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>
#include <sluice/kernels/cuda/devices.h>
#include <sluice/kernels/cuda/emulated.h>
#include <sluice/kernels/cuda/graph.h>
#include <sluice/kernels/cuda/memory.h>
#include <sluice/kernels/cuda/stopwatch.h>

namespace sluice::kernels::cuda {
namespace {

constexpr const char* kAbsent = "this build of Sluice has no CUDA device";

}  // namespace

int device_count() { return 0; }
std::string why_unusable(int) { return kAbsent; }
bool is_emulated() { return false; }
DeviceDescription describe(Device) { throw DeviceError(kAbsent); }
Exec exec_on(Device) { throw DeviceError(kAbsent); }
void synchronize(const Exec&) { throw DeviceError(kAbsent); }

void* raw_allocate(Device, std::size_t) { throw DeviceError(kAbsent); }
void raw_free(void*) noexcept {}
MemoryInfo memory_info(Device) { throw DeviceError(kAbsent); }
void note_reuse(const Exec&, void*, std::size_t) { throw DeviceError(kAbsent); }
void copy_bytes(const Exec&, Device, void*, Device, const void*, std::size_t) { throw DeviceError(kAbsent); }
void fill_zero(const Exec&, void*, std::size_t) { throw DeviceError(kAbsent); }
void fill(const Exec&, void*, std::int64_t, std::size_t, std::uint64_t) { throw DeviceError(kAbsent); }

void begin_recording(const Exec&) { throw DeviceError(kAbsent); }
std::unique_ptr<RecordedWork> end_recording(const Exec&) { throw DeviceError(kAbsent); }
void abandon_recording(const Exec&) noexcept {}

void require_cudnn() { throw DeviceError("this build of Sluice has no cuDNN"); }

std::unique_ptr<Stopwatch> make_stopwatch(const Exec&) { throw DeviceError(kAbsent); }

}  // namespace sluice::kernels::cuda

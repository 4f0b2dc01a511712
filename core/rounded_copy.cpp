// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/rounded_copy.h>

#include <atomic>
#include <utility>

#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice {
namespace {

std::atomic<std::uint64_t> epoch = 1;
thread_local RecordedCopies* recording = nullptr;

}  // namespace

RoundedCopy::RoundedCopy(Device device, const float* elements, std::int64_t count)
    : device_(device),
      elements_(elements),
      count_(count),
      block_(allocator(device).allocate(static_cast<std::size_t>(count) * sizeof(BFloat16))) {}

RoundedCopy::~RoundedCopy() { allocator(device_).release(std::move(block_)); }

bool RoundedCopy::is_current() const { return current_in_ == epoch; }

const BFloat16* RoundedCopy::current() {
  const bool found = is_current();
  if (!found) {
    const Exec exec = kernels::exec_on(device_);
    dispatch_device(exec, "cast",
                    [&]<class Device>() { kernels::Elementwise<Device>::cast(exec, count_, elements_, to_write()); });
    current_in_ = epoch;
  }
  if (recording != nullptr)
    recording->note(*this, found ? RecordedCopies::Found::current : RecordedCopies::Found::stale);
  return to_write();
}

void RoundedCopy::set_current() {
  current_in_ = epoch;
  if (recording != nullptr) recording->note(*this, RecordedCopies::Found::stale);
}

void RecordedCopies::note(RoundedCopy& copy, Found found) {
  for (const Entry& entry : entries_)
    if (entry.copy.lock().get() == &copy) return;
  entries_.push_back({copy.weak_from_this(), found});
}

RecordedCopies::Recording::Recording(RecordedCopies& copies) : copies_(copies) {
  copies_.entries_.clear();
  recording = &copies_;
}

RecordedCopies::Recording::~Recording() {
  recording = nullptr;
  for (Entry& entry : copies_.entries_)
    if (const auto copy = entry.copy.lock()) entry.left_current = copy->is_current();
  // Nothing of it has run: no copy is what the work says.
  ++epoch;
}

void RecordedCopies::before_replay() const {
  for (const Entry& entry : entries_)
    if (const auto copy = entry.copy.lock(); copy && entry.found == Found::current) copy->current();
}

void RecordedCopies::after_replay() const {
  ++epoch;
  for (const Entry& entry : entries_)
    if (const auto copy = entry.copy.lock(); copy && entry.left_current) copy->current_in_ = epoch;
}

}  // namespace sluice

// SPDX-License-Identifier: Apache-2.0
// The bf16 copy that an f32 tensor keeps beside its elements once it was asked for (Tensor::rounded): what the kernels
// of bf16 activations read of a weight. It is current from when it is made until somebody asks for a pointer to write
// the elements through. A replayed graph writes without asking: it makes every copy stale but those that its work left
// current, and before it runs it makes those again that its work found current.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <sluice/base/types.h>
#include <sluice/core/allocator.h>

namespace sluice {

class RoundedCopy : public std::enable_shared_from_this<RoundedCopy> {
 public:
  // Of `count` elements, which outlive the copy. It is stale at first.
  RoundedCopy(Device device, const float* elements, std::int64_t count);
  ~RoundedCopy();
  RoundedCopy(const RoundedCopy&) = delete;
  RoundedCopy& operator=(const RoundedCopy&) = delete;

  // Made again where it is stale.
  const BFloat16* current();
  bool is_current() const;
  void set_stale() { current_in_ = 0; }
  // For who writes the elements: the copy, to be written along with them, and then declared current.
  BFloat16* to_write() const { return static_cast<BFloat16*>(block_.memory); }
  void set_current();

 private:
  friend class RecordedCopies;

  Device device_;
  const float* elements_;
  std::int64_t count_;
  CachingAllocator::Block block_;
  std::uint64_t current_in_ = 0;  // the epoch, from 1; each replay begins a new one
};

// The copies that recorded work meets.
class RecordedCopies {
 public:
  // Notes them for a scope, for what this thread runs.
  class Recording {
   public:
    explicit Recording(RecordedCopies& copies);
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    RecordedCopies& copies_;
  };

  void before_replay() const;
  void after_replay() const;

 private:
  friend class RoundedCopy;
  enum class Found : unsigned char { stale, current };
  struct Entry {
    std::weak_ptr<RoundedCopy> copy;
    Found found;                // by the first that met it
    bool left_current = false;  // by the last
  };
  void note(RoundedCopy& copy, Found found);

  std::vector<Entry> entries_;
};

}  // namespace sluice

// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/graph.h>

#include <sluice/kernels/runtime/device.h>

namespace sluice {
namespace {

// Memory comes from a pool, for a scope.
class PoolScope {
 public:
  PoolScope(Device device, std::shared_ptr<CachingAllocator::Pool> pool) : device_(device) {
    allocator(device_).use_pool(std::move(pool));
  }
  ~PoolScope() { allocator(device_).use_pool(nullptr); }
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;

 private:
  Device device_;
};

}  // namespace

Graph::Graph(Device device) : device_(device), pool_(allocator(device).make_pool()) {}

Graph::~Graph() { allocator(device_).retire_pool(pool_); }

void Graph::warm_up(const std::function<void()>& work) {
  const PoolScope scope(device_, pool_);
  work();
}

void Graph::capture(const std::function<void()>& work) {
  const PoolScope scope(device_, pool_);
  const RecordedCopies::Recording recording(copies_);
  const Exec exec = kernels::exec_on(device_);
  kernels::begin_recording(exec);
  try {
    work();
    recorded_ = kernels::end_recording(exec);
  } catch (...) {
    kernels::abandon_recording(exec);
    throw;
  }
}

void Graph::replay() {
  copies_.before_replay();
  recorded_->launch(kernels::exec_on(device_));
  copies_.after_replay();
}

}  // namespace sluice

// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/clocks.h>

#include <algorithm>

namespace sluice::emulator {
namespace {

void join(std::vector<std::uint32_t>& into, const std::vector<std::uint32_t>& from) {
  for (std::size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], from[i]);
}

}  // namespace

void Clocks::begin_launch() {
  first_serial_ = serial_ + 1;
  locations_.clear();
  any_released_ = false;
}

void Clocks::begin_block(unsigned threads) {
  threads_ = threads;
  ++serial_;
  any_more_ = any_acquired_ = false;
  objects_.clear();
  for (unsigned i = 0; i < threads; ++i) {
    own_[i] = 1;
    shared_[i] = 0;
    lanes_[i].fill(0);
    more_[i].reset();
    released_[i].reset();
    touched_[i].clear();
    acquired_[i].clear();
  }
}

void Clocks::barrier_of_all() {
  for (unsigned i = 0; i < threads_; ++i) shared_[i] = own_[i]++;
  if (any_more_)
    for (unsigned i = 0; i < threads_; ++i) more_[i].reset();
  any_more_ = false;
  if (any_acquired_) {
    std::vector<unsigned> all(threads_);
    for (unsigned i = 0; i < threads_; ++i) all[i] = i;
    share_acquired(all);
  }
}

void Clocks::barrier_of(std::span<const unsigned> threads) {
  if (threads.size() == threads_) return barrier_of_all();
  Times joined(threads_, 0);
  for (const unsigned thread : threads) join(joined, everything(thread));
  const auto common = std::make_shared<const Times>(std::move(joined));
  any_more_ = true;
  for (const unsigned thread : threads) {
    more_[thread] = common;
    ++own_[thread];
  }
  if (any_acquired_) share_acquired(threads);
}

void Clocks::warp_barrier(unsigned warp, unsigned mask) {
  std::array<std::uint32_t, 32> joined{};
  const unsigned first = warp * 32;
  const std::shared_ptr<const Times>* more = nullptr;
  bool more_differs = false;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1)) continue;
    const unsigned thread = first + lane;
    for (unsigned i = 0; i < 32; ++i) joined[i] = std::max(joined[i], lanes_[thread][i]);
    joined[lane] = std::max(joined[lane], own_[thread]);
    more_differs |= more != nullptr && *more != more_[thread];
    more = &more_[thread];
  }
  std::vector<unsigned> lanes;
  if (more_differs || any_acquired_)
    for (unsigned lane = 0; lane < 32; ++lane)
      if (mask >> lane & 1) lanes.push_back(first + lane);
  if (more_differs) {
    Times all(threads_, 0);
    for (const unsigned thread : lanes)
      if (more_[thread] != nullptr) join(all, *more_[thread]);
    const auto common = std::make_shared<const Times>(std::move(all));
    for (const unsigned thread : lanes) more_[thread] = common;
  }
  if (any_acquired_) share_acquired(lanes);
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1)) continue;
    lanes_[first + lane] = joined;
    ++own_[first + lane];
  }
}

Clocks::Times Clocks::everything(unsigned thread) const {
  Times times(threads_);
  for (unsigned i = 0; i < threads_; ++i) times[i] = knows(thread, i);
  times[thread] = own_[thread];
  return times;
}

void Clocks::learn(unsigned thread, const Times& times) {
  Times all = times;
  if (more_[thread] != nullptr) join(all, *more_[thread]);
  more_[thread] = std::make_shared<const Times>(std::move(all));
  any_more_ = true;
}

void Clocks::release(unsigned thread, const void* object) {
  Times& times = objects_[object];
  times.resize(threads_, 0);
  join(times, everything(thread));
  ++own_[thread];
}

void Clocks::acquire(unsigned thread, const void* object) {
  const auto found = objects_.find(object);
  if (found != objects_.end()) learn(thread, found->second);
}

void Clocks::fence(unsigned thread) {
  for (const Acquired& touched : touched_[thread]) {
    if (std::find(acquired_[thread].begin(), acquired_[thread].end(), touched) != acquired_[thread].end()) continue;
    acquired_[thread].push_back(touched);
    any_acquired_ = true;
  }
  touched_[thread].clear();
  released_[thread] = std::make_shared<const Release>(Release{serial_, everything(thread), acquired_[thread]});
  any_released_ = true;
  ++own_[thread];
}

void Clocks::atomic(unsigned thread, const void* address) {
  if (!any_released_) return;
  Location& location = locations_[address];
  const auto& mine = released_[thread];
  if (mine != nullptr && (location.releases.empty() || location.releases.back() != mine))
    location.releases.push_back(mine);
  if (location.releases.empty()) return;
  std::vector<Acquired>& touched = touched_[thread];
  const auto same =
      std::find_if(touched.begin(), touched.end(), [&](const Acquired& a) { return a.location == &location; });
  if (same == touched.end())
    touched.push_back({&location, location.releases.size()});
  else
    same->length = location.releases.size();
}

bool Clocks::was_acquired(const std::vector<Acquired>& acquired, Epoch epoch, int depth) const {
  constexpr int deepest = 8;
  for (const Acquired& from : acquired)
    for (std::size_t i = 0; i < from.length; ++i) {
      const Release& release = *from.location->releases[i];
      if (release.serial == serial_of(epoch) && release.times[thread_of(epoch)] >= time_of(epoch)) return true;
      if (depth < deepest && release.serial != serial_of(epoch) && release.acquired.size() != 0 &&
          std::any_of(release.acquired.begin(), release.acquired.end(),
                      [&](const Acquired& a) { return a.location != from.location; }) &&
          was_acquired(release.acquired, epoch, depth + 1))
        return true;
    }
  return false;
}

void Clocks::share_acquired(std::span<const unsigned> threads) {
  std::vector<Acquired> all;
  for (const unsigned thread : threads)
    for (const Acquired& acquired : acquired_[thread])
      if (std::find(all.begin(), all.end(), acquired) == all.end()) all.push_back(acquired);
  for (const unsigned thread : threads) acquired_[thread] = all;
}

}  // namespace sluice::emulator

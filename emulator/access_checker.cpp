// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/access_checker.h>

#include <sluice/base/error.h>
#include <sluice/emulator/symbol.h>

extern "C" char __executable_start, _end;

namespace sluice::emulator {
namespace {

const char* name_of(Access access) { return access == Access::write ? "write" : "read"; }

std::uint32_t place_of(const Place& place) {  // the program is linked below 4 GiB (not position independent)
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(place.address));
}

}  // namespace

void AccessChecker::begin_launch(const Launch& launch) {
  launch_ = &launch;
  trace_.begin_launch(launch);
  clocks_.begin_launch();
  blocks_.clear();
}

void AccessChecker::end_launch() { trace_.end_launch(); }

void AccessChecker::begin_block(unsigned linear_index) {
  clocks_.begin_block(block->threads());
  blocks_.push_back(linear_index);
  shared_count_ = 0;
}

void AccessChecker::shared_variable(void* memory, std::size_t bytes, const char* name) {
  if (shared_count_ == shared_.size()) shared_.emplace_back();
  SharedVariable& variable = shared_[shared_count_++];
  if (variable.shadow != nullptr && variable.region.bytes == bytes)
    variable.shadow->reset();
  else
    variable.shadow = std::make_unique<Shadow>(bytes);
  variable.region = {static_cast<const std::byte*>(memory), bytes, variable.shadow.get()};
  variable.name = name;
}

void AccessChecker::access(const void* memory, std::size_t bytes, Access access, const Place& place) {
  check(memory, bytes, access, Kind::plain, place);
}

void AccessChecker::atomic_access(const void* memory, std::size_t bytes, Access access, const void* address) {
  if (accesses_are_own) return;
  const OwnAccesses own;
  clocks_.atomic(self->linear, memory);
  check(memory, bytes, access, Kind::atomic, {.address = address});
}

void AccessChecker::copy_issued(const void* shared, std::size_t bytes, const Location& at) {
  check(shared, bytes, Access::write, Kind::copy_issue, {.location = &at});
}

void AccessChecker::copy_arrived(const void* shared, std::size_t bytes, const Location& at) {
  check(shared, bytes, Access::write, Kind::copy_arrival, {.location = &at});
}

void AccessChecker::initialised(Allocation& allocation, const void* memory, std::size_t bytes) {
  if (bytes == 0) return;
  if (allocation.shadow == nullptr) allocation.shadow = std::make_unique<Shadow>(allocation.bytes);
  allocation.shadow->set_initialised(static_cast<std::size_t>(static_cast<const std::byte*>(memory) - allocation.begin),
                                     bytes);
}

void AccessChecker::unspecified(Allocation& allocation) { allocation.shadow.reset(); }

bool AccessChecker::is_private(const std::byte* memory, Access access) const {
  if (memory >= self->fiber->stack_begin() && memory < self->fiber->stack_end()) return true;
  // Large parameters are copied by a call of memcpy.
  const auto* parameters = static_cast<const std::byte*>(launch_->argument);
  if (access == Access::read && memory >= parameters && memory < parameters + launch_->argument_bytes) return true;
  const auto* begin = reinterpret_cast<const std::byte*>(&__executable_start);
  const auto* end = reinterpret_cast<const std::byte*>(&_end);
  return access == Access::read && memory >= begin && memory < end;  // constants
}

AccessChecker::Region AccessChecker::find_region(const std::byte* memory) {
  if (Allocation* allocation = device_memory().find(memory)) {
    if (allocation->freed) return {};
    if (allocation->shadow == nullptr) allocation->shadow = std::make_unique<Shadow>(allocation->bytes);
    return {allocation->begin, allocation->usable_bytes, allocation->shadow.get()};
  }
  for (std::size_t i = 0; i < shared_count_; ++i) {
    const Region& region = shared_[i].region;
    if (memory >= region.begin && memory < region.begin + region.bytes) return region;
  }
  return {};
}

void AccessChecker::check(const void* memory, std::size_t bytes, Access access, Kind kind, const Place& place) {
  const auto* begin = static_cast<const std::byte*>(memory);
  if (is_private(begin, access) || bytes == 0) return;
  const Region region = find_region(begin);
  const auto offset = static_cast<std::size_t>(begin - region.begin);
  if (region.shadow == nullptr || offset + bytes > region.bytes) report_out_of_bounds(memory, bytes, access, place);
  if (bytes <= 8 && (bytes & (bytes - 1)) == 0 && offset % bytes != 0)
    report(concat("misaligned ", name_of(access), " of ", bytes, " bytes at ", name_of_memory(memory)), place);
  if (trace_.on() && blocks_.size() == 1)
    trace_.add(place, memory, bytes,
               block->shared_memory().contains(memory) ? Trace::Space::shared : Trace::Space::global, access);
  for (Cell& cell : region.shadow->cells(offset, bytes)) check_cell(cell, region, memory, bytes, access, kind, place);
}

inline void AccessChecker::check_cell(Cell& cell, const Region&, const void* memory, std::size_t bytes, Access access,
                                      Kind kind, const Place& place) {
  const unsigned thread = self->linear;
  const Epoch now = clocks_.now(thread);
  const auto race = [&](Epoch epoch, std::uint32_t where, Access other) {
    report_race({epoch, where, other}, memory, bytes, access, place);
  };
  if (access == Access::read) {
    if (!cell.initialised) report(concat("read of uninitialised memory: ", name_of_memory(memory)), place);
    if (cell.copy_pending)
      report(concat("read before the cp.async that fills it was waited for: ", name_of_memory(memory)), place);
    if (cell.read == now) return;
    if (!clocks_.ordered(cell.write, thread) && !(kind == Kind::atomic && cell.atomic))
      race(cell.write, cell.write_place, Access::write);
    if (kind == Kind::atomic) return;
    if (clocks_.ordered(cell.read, thread)) {
      cell.read = now;
      cell.read_place = place_of(place);
    } else {
      cell.other_read = now;
      cell.other_read_place = place_of(place);
    }
    return;
  }
  const bool atomic = kind == Kind::atomic;
  if (cell.copy_pending && kind != Kind::copy_arrival)
    report(concat("write over a cp.async that was not waited for: ", name_of_memory(memory)), place);
  if (cell.write == now && cell.atomic == atomic && kind <= Kind::atomic) return;
  if (!clocks_.ordered(cell.write, thread) && !(atomic && cell.atomic))
    race(cell.write, cell.write_place, Access::write);
  if (!clocks_.ordered(cell.read, thread)) race(cell.read, cell.read_place, Access::read);
  if (!clocks_.ordered(cell.other_read, thread)) race(cell.other_read, cell.other_read_place, Access::read);
  cell.write = now;
  cell.write_place = place_of(place);
  cell.initialised = true;
  cell.atomic = atomic;
  cell.copy_pending = kind == Kind::copy_issue;
}

std::string AccessChecker::name_of_memory(const void* memory) const {
  const auto* begin = static_cast<const std::byte*>(memory);
  for (std::size_t i = 0; i < shared_count_; ++i) {
    const Region& region = shared_[i].region;
    if (begin >= region.begin && begin < region.begin + region.bytes)
      return concat("byte ", begin - region.begin, " of shared `", shared_[i].name, "` of ", region.bytes, " bytes");
  }
  std::string parameter;
  if (const Allocation* allocation = device_memory().nearest(memory))
    for (std::size_t i = 0; i < launch_->pointers.size() && parameter.empty(); ++i)
      if (launch_->pointers[i] != nullptr && device_memory().find(launch_->pointers[i]) == allocation)
        parameter = concat(" (parameter ", i + 1, " of the kernel)");
  return describe(memory) + parameter;
}

std::string AccessChecker::name_of_thread(Epoch epoch) const {
  const Extents& grid = launch_->grid;
  const Extents& thread = block->thread(thread_of(epoch)).index;
  const unsigned b = blocks_[serial_of(epoch) - clocks_.first_serial()];
  return concat("thread (", thread.x, ",", thread.y, ",", thread.z, ") of block (", b % grid.x, ",",
                b / grid.x % grid.y, ",", b / (grid.x * grid.y), ")");
}

void AccessChecker::report(const std::string& what, const Place& place) {
  if (place.location != nullptr) fail(what, *place.location);
  fail(concat(what, " at ", source_line(place.address)), Location());
}

void AccessChecker::report_out_of_bounds(const void* memory, std::size_t bytes, Access access, const Place& place) {
  const auto* begin = static_cast<const std::byte*>(memory);
  std::string where = name_of_memory(memory);
  if (block->shared_memory().contains(memory))
    for (std::size_t i = 0; i < shared_count_; ++i)
      if (begin >= shared_[i].region.begin)
        where = concat(begin - shared_[i].region.begin, " bytes into shared `", shared_[i].name, "` of ",
                       shared_[i].region.bytes, " bytes");
  report(concat(name_of(access), " of ", bytes, " bytes out of bounds: ", where), place);
}

void AccessChecker::report_race(const Conflict& conflict, const void* memory, std::size_t bytes, Access access,
                                const Place& place) {
  const std::string there =
      conflict.place == 0 ? "" : " at " + source_line(reinterpret_cast<const void*>(std::uintptr_t{conflict.place}));
  report(concat("data race: ", name_of(access), " of ", bytes, " bytes, ", name_of_memory(memory),
                ", not ordered with the ", name_of(conflict.access), " by ", name_of_thread(conflict.epoch), there),
         place);
}

void AccessChecker::misaligned(const void* memory, const char* type, const char* file, unsigned line) {
  if (accesses_are_own) return;
  accesses_are_own = true;
  const std::string path(file);
  fail(concat("misaligned access to ", type, ", ", name_of_memory(memory), " at ", path.substr(path.rfind('/') + 1),
              ":", line),
       Location());
}

}  // namespace sluice::emulator

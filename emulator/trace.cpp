// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/trace.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <set>

#include <sluice/base/error.h>
#include <sluice/emulator/block.h>
#include <sluice/emulator/settings.h>
#include <sluice/emulator/symbol.h>

namespace sluice::emulator {
namespace {

Trace* to_print = nullptr;

}  // namespace

Trace::Trace() : on_(settings().trace) {
  if (!on_) return;
  to_print = this;
  std::atexit([] { to_print->print(); });
}

void Trace::add(const Place& place, const void* memory, std::size_t bytes, Space space, Access access) {
  std::string known = place.location != nullptr ? text(*place.location) : "";
  std::string& name = place.location != nullptr ? known : names_[place.address];
  if (name.empty()) name = source_line(place.address);
  Site& site = sites_[{kernel_, concat(name, space == Space::shared ? " shared" : " global",
                                       access == Access::read ? " read" : " write")}];
  site.space = space;
  site.access = access;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory), end = begin + bytes;
  Passed& passed = site.of_threads[self->linear];
  const bool goes_on =
      passed.count > 0 && begin == passed.end && (end - 1) / 16 == passed.begin / 16 && place.address > passed.by;
  if (!goes_on) {
    ++passed.count;
    passed.begin = begin;
  }
  passed.end = end;
  passed.by = place.address;
  std::vector<Instruction>& instructions = site.of_warps[self->warp];
  if (instructions.size() < passed.count) instructions.resize(passed.count);
  Instruction& instruction = instructions[passed.count - 1];
  instruction.addresses[self->lane] = passed.begin;
  instruction.lanes |= 1u << self->lane;
  instruction.bytes = static_cast<unsigned>(end - passed.begin);
}

// Lanes of more than four bytes go in groups that fill 128 bytes; in a group, each bank serves one word a wavefront.
void Trace::count_shared(Site& site, const Instruction& instruction) {
  const unsigned lanes = std::max(1u, instruction.bytes <= 4 ? 32 : 128 / instruction.bytes);
  for (unsigned first = 0; first < 32; first += lanes) {
    std::map<std::uintptr_t, std::set<std::uintptr_t>> words_of_banks;
    for (unsigned lane = first; lane < first + lanes; ++lane)
      if (instruction.lanes >> lane & 1)
        for (unsigned byte = 0; byte < instruction.bytes; byte += 4) {
          const std::uintptr_t word = (instruction.addresses[lane] + byte) / 4;
          words_of_banks[word % 32].insert(word);
        }
    std::size_t wavefronts = 0;
    for (const auto& [bank, words] : words_of_banks) wavefronts = std::max(wavefronts, words.size());
    site.cost += wavefronts;
    site.ideal += wavefronts > 0;
  }
}

void Trace::count_global(Site& site, const Instruction& instruction) {
  std::set<std::uintptr_t> sectors, bytes;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (instruction.lanes >> lane & 1)
      for (unsigned byte = 0; byte < instruction.bytes; ++byte) {
        sectors.insert((instruction.addresses[lane] + byte) / 32);
        bytes.insert(instruction.addresses[lane] + byte);
      }
  site.cost += sectors.size();
  site.ideal += (bytes.size() + 31) / 32;
}

void Trace::end_launch() {
  for (auto& [key, site] : sites_) {
    if (key.first != kernel_) continue;
    for (std::vector<Instruction>& instructions : site.of_warps) {
      for (const Instruction& instruction : instructions) {
        ++site.instructions;
        site.lanes += static_cast<unsigned>(std::popcount(instruction.lanes));
        if (site.space == Space::shared)
          count_shared(site, instruction);
        else
          count_global(site, instruction);
      }
      instructions.clear();
    }
    std::fill(site.of_threads.begin(), site.of_threads.end(), Passed{});
  }
}

void Trace::print() const {
  std::printf("%-32s %-48s %10s %6s %9s %6s\n", "kernel", "place, space, access", "warp inst.", "lanes", "cost",
              "ideal");
  for (const auto& [key, site] : sites_) {
    if (site.instructions == 0) continue;
    const auto each = [&](std::uint64_t sum) {
      return static_cast<double>(sum) / static_cast<double>(site.instructions);
    };
    std::printf("%-32s %-48s %10llu %6.1f %9.2f %6.2f%s\n", key.first.c_str(), key.second.c_str(),
                static_cast<unsigned long long>(site.instructions), each(site.lanes), each(site.cost), each(site.ideal),
                2 * site.cost > 3 * site.ideal ? "   <--" : "");
  }
}

}  // namespace sluice::emulator

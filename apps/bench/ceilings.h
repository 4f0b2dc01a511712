// SPDX-License-Identifier: Apache-2.0
// What this machine can do at best with the threads in use, measured: the ceiling that a kernel's time is held against
// (Williams, Waterman and Patterson, "Roofline: an insightful visual performance model", CACM 2009).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include <sluice/base/types.h>

namespace sluice::bench {

struct Ceilings {
  double flops_f32 = 0;   // multiply-adds of floats in registers, two operations each, a second
  double flops_bf16 = 0;  // of bf16 pairs into floats; flops_f32 where the processor has no such instruction
  bool has_bf16 = false;
  double bytes_cache = 0;   // copying within the last-level cache: bytes read and written, a second
  double bytes_memory = 0;  // copying in main memory
  double cache_size = 0;    // bytes of the last-level cache
};

// Takes about a second.
Ceilings measure_ceilings();
std::string to_line(const Ceilings& ceilings);
nlohmann::ordered_json to_json(const Ceilings& ceilings);

// What bounds a pass, and the least time that it can take.
struct Floor {
  double seconds = 0;
  const char* bound = "";  // "flops", "cache" or "memory"
};
// `bytes` that must be moved count against the cache's bandwidth where they fit into it.
Floor floor_of(const Ceilings& ceilings, DType dtype, double flops, double bytes);

}  // namespace sluice::bench

// SPDX-License-Identifier: Apache-2.0
// One launch over a list of segments, one a parameter of a network: the list travels in the kernel's own parameters, so
// that nothing is copied to the device beforehand and a captured graph holds it. Up to 64 segments take 4
// KiB or little more; longer lists take up to 30 KiB for some 500 (CUDA 12.1 and later, sm_70 and later, allow 32,764
// bytes), and further launches.
#pragma once

#include <span>

#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {

template <class Segment, int capacity>
struct SegmentTable {
  int count = 0;
  unsigned first_block[capacity];  // of each segment
  Segment segments[capacity];
};

// Elements [begin, end) of a segment, which are one block's.
struct SegmentPart {
  std::int64_t begin, end;
};

// body(segment, part, chunk), chunk being the number of the part among all parts of the list.
template <class Segment, int capacity, class Body>
__global__ void __launch_bounds__(kPackThreads)
    segments_kernel(const __grid_constant__ SegmentTable<Segment, capacity> table, std::int64_t part_size,
                    std::int64_t first_chunk, Body body) {
  int segment = 0, beyond = table.count;
  while (beyond - segment > 1) {
    const int middle = (segment + beyond) / 2;
    if (table.first_block[middle] <= blockIdx.x)
      segment = middle;
    else
      beyond = middle;
  }
  const std::int64_t begin = std::int64_t{blockIdx.x - table.first_block[segment]} * part_size;
  const std::int64_t end = min(begin + part_size, table.segments[segment].count);
  body(table.segments[segment], SegmentPart{begin, end}, first_chunk + blockIdx.x);
}

template <class Segment>
std::int64_t parts_of(std::span<const Segment> segments, std::int64_t part_size) {
  std::int64_t parts = 0;
  for (const Segment& segment : segments) parts += (segment.count + part_size - 1) / part_size;
  return parts;
}

template <int capacity, class Segment, class Body>
void launch_segments(const Exec& exec, const char* name, std::span<const Segment> segments, std::int64_t part_size,
                     const Body& body) {
  std::int64_t first_chunk = 0;
  while (!segments.empty()) {
    SegmentTable<Segment, capacity> table;
    unsigned blocks = 0;
    std::size_t taken = 0;
    for (; taken < segments.size() && table.count < capacity; ++taken) {
      const std::int64_t parts = parts_of(segments.subspan(taken, 1), part_size);
      if (parts == 0) continue;
      table.first_block[table.count] = blocks;
      table.segments[table.count++] = segments[taken];
      blocks += static_cast<unsigned>(parts);
    }
    segments = segments.subspan(taken);
    if (blocks == 0) continue;
    launch(exec, {name, blocks, kPackThreads}, segments_kernel<Segment, capacity, Body>, table, part_size, first_chunk,
           body);
    first_chunk += blocks;
  }
}

template <class Segment>
inline constexpr int kMostSegments = std::min(512, static_cast<int>(30 * 1024 / (sizeof(Segment) + sizeof(unsigned))));

template <class Segment, class Body>
void for_segments(const Exec& exec, const char* name, std::span<const Segment> segments, std::int64_t part_size,
                  const Body& body) {
  if (segments.size() <= 64)
    launch_segments<64>(exec, name, segments, part_size, body);
  else
    launch_segments<kMostSegments<Segment>>(exec, name, segments, part_size, body);
}

// visit(std::integral_constant of a width, index) over a part: packs of four where the arrays allow it, the rest one by
// one.
template <class Visit, class... Pointers>
__device__ __forceinline__ void for_part(const SegmentPart& part, const Visit& visit, const Pointers*... pointers) {
  const bool aligned = ((reinterpret_cast<std::uintptr_t>(pointers) % 16 == 0) && ...);
  const std::int64_t whole = aligned ? part.begin + (part.end - part.begin) / 4 * 4 : part.begin;
  for (std::int64_t i = part.begin + 4 * std::int64_t{threadIdx.x}; i < whole; i += 4 * kPackThreads)
    visit(std::integral_constant<int, 4>{}, i);
  for (std::int64_t i = whole + threadIdx.x; i < part.end; i += kPackThreads)
    visit(std::integral_constant<int, 1>{}, i);
}

}  // namespace sluice::kernels::cuda

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/pointwise_blocks.h>

#include <sluice/base/parallel.h>

namespace sluice::kernels {
namespace {

// Of all operands together these stay in the first cache.
constexpr std::int64_t kBlock = 512;
constexpr int kMost = PointwiseLayout::kMaxOperands;

template <class From, class To>
void convert_loop(std::int64_t count, const From* from, To* to) {
#pragma omp simd
  for (std::int64_t j = 0; j < count; ++j) to[j] = To(static_cast<Compute<From>>(from[j]));
}

template <class From>
void convert(std::int64_t count, const void* from, DType to_type, void* to) {
  const From* source = static_cast<const From*>(from);
  switch (to_type) {
    case DType::f32: return convert_loop(count, source, static_cast<float*>(to));
    case DType::f64: return convert_loop(count, source, static_cast<double*>(to));
    case DType::i32: return convert_loop(count, source, static_cast<std::int32_t*>(to));
    case DType::u8: return convert_loop(count, source, static_cast<std::uint8_t*>(to));
    case DType::bf16: return convert_loop(count, source, static_cast<BFloat16*>(to));
  }
}

void convert(std::int64_t count, DType from_type, const void* from, DType to_type, void* to) {
  switch (from_type) {
    case DType::f32: return convert<float>(count, from, to_type, to);
    case DType::f64: return convert<double>(count, from, to_type, to);
    case DType::i32: return convert<std::int32_t>(count, from, to_type, to);
    case DType::u8: return convert<std::uint8_t>(count, from, to_type, to);
    case DType::bf16: return convert<BFloat16>(count, from, to_type, to);
  }
}

template <class T>
void fill_run(std::int64_t count, const void* value, void* to) {
  std::fill_n(static_cast<T*>(to), count, *static_cast<const T*>(value));
}

// `count` times one element of `bytes`.
void fill(std::int64_t count, std::size_t bytes, const void* value, void* to) {
  if (bytes == 8) return fill_run<std::uint64_t>(count, value, to);
  if (bytes == 4) return fill_run<std::uint32_t>(count, value, to);
  if (bytes == 2) return fill_run<std::uint16_t>(count, value, to);
  fill_run<std::uint8_t>(count, value, to);
}

// Gathers the elements of a broadcast operand at places [first, first + count) of the index space, run by run of the
// innermost axis.
void gather(const PointwiseLayout& layout, std::size_t operand, std::size_t bytes, const void* data, std::int64_t first,
            std::int64_t count, void* to) {
  const auto& strides = layout.strides[operand];
  const auto last = static_cast<std::size_t>(layout.rank - 1);
  std::array<std::int64_t, PointwiseLayout::kMaxAxes> place{};
  std::int64_t rest = first, offset = 0;
  for (std::size_t axis = last + 1; axis-- > 0;) {
    place[axis] = rest % layout.extents[axis];
    rest /= layout.extents[axis];
    offset += place[axis] * strides[axis];
  }
  auto* target = static_cast<std::byte*>(to);
  const auto* source = static_cast<const std::byte*>(data);
  while (count > 0) {
    const std::int64_t run = std::min(count, layout.extents[last] - place[last]);
    const std::byte* from = source + static_cast<std::size_t>(offset) * bytes;
    if (strides[last] == 0)
      fill(run, bytes, from, target);
    else
      std::copy_n(from, static_cast<std::size_t>(run) * bytes, target);
    target += static_cast<std::size_t>(run) * bytes;
    count -= run;
    place[last] += run;
    offset += run * strides[last];
    for (std::size_t axis = last; axis > 0 && place[axis] == layout.extents[axis]; --axis) {
      offset += strides[axis - 1] - place[axis] * strides[axis];
      place[axis] = 0;
      ++place[axis - 1];
    }
  }
}

struct alignas(64) Buffer {
  std::byte bytes[kBlock * sizeof(double)];
};

void run_range(const BlockCall& call, const PointwiseLayout& layout, std::int64_t begin, std::int64_t end) {
  // Zeros: what lies behind the last elements of a part of a block is computed with.
  thread_local std::array<Buffer, kMost> inputs{}, results{};
  thread_local Buffer gathered{};
  std::array<const void*, kMost> in{};
  std::array<void*, kMost> out{};
  for (std::int64_t first = begin; first < end; first += kBlock) {
    const std::int64_t count = std::min(kBlock, end - first);
    const bool whole = count % kBlockStep == 0;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
      const std::size_t bytes = size_of(call.input_types[i]);
      const bool same_type = call.input_types[i] == call.compute;
      void* const buffer = inputs[i].bytes;
      in[i] = buffer;
      if (layout.contiguous(static_cast<int>(i))) {
        const void* from = static_cast<const std::byte*>(call.inputs[i]) + static_cast<std::size_t>(first) * bytes;
        if (same_type && whole)
          in[i] = from;
        else
          convert(count, call.input_types[i], from, call.compute, buffer);
      } else if (same_type) {
        // What is the same for all elements is filled in once.
        if (first == begin || !layout.single(static_cast<int>(i)))
          gather(layout, i, bytes, call.inputs[i], first,
                 layout.single(static_cast<int>(i)) ? std::min(kBlock, layout.size) : count, buffer);
      } else {
        gather(layout, i, bytes, call.inputs[i], first, count, gathered.bytes);
        convert(count, call.input_types[i], gathered.bytes, call.compute, buffer);
      }
    }
    const auto result_at = [&](std::size_t o) {
      return static_cast<std::byte*>(call.results[o]) + static_cast<std::size_t>(first) * size_of(call.result_type);
    };
    for (std::size_t o = 0; o < call.results.size(); ++o)
      out[o] =
          call.results[o] != nullptr && call.result_type == call.compute && whole ? result_at(o) : results[o].bytes;
    call.block(call.map, (count + kBlockStep - 1) / kBlockStep * kBlockStep, in.data(), out.data());
    for (std::size_t o = 0; o < call.results.size(); ++o)
      if (call.results[o] != nullptr && out[o] == results[o].bytes)
        convert(count, call.compute, results[o].bytes, call.result_type, result_at(o));
  }
}

}  // namespace

void run_blocks(const BlockCall& call, const PointwiseLayout& layout) {
  // Parts of whole steps.
  const std::int64_t steps = (layout.size + kBlockStep - 1) / kBlockStep;
  parallel_for(steps, kElementGrain / kBlockStep, [&](std::int64_t begin, std::int64_t end) {
    run_range(call, layout, begin * kBlockStep, std::min(end * kBlockStep, layout.size));
  });
}

}  // namespace sluice::kernels

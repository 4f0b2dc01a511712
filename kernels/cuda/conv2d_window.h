// SPDX-License-Identifier: Apache-2.0
// Of the convolutions that gather what a result is made of, tap by tap (conv2d_depthwise.cu, conv2d_grouped.cu): where
// positions and taps meet, in 32 bits, and how the sums of a weight's gradient are split.
#pragma once

#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/packs.h>
#include <sluice/kernels/cuda/sum_rows.h>

namespace sluice::kernels::cuda {

// Results side by side that a thread has, so that what it loads of the weight serves all of them.
inline constexpr int kResultsOfThread = 4;

// Along one axis: tap t of result p lies at p * stride + t * dilation - padding.
struct WindowAxis {
  std::int32_t extent, results, taps, stride, padding, dilation;

  __device__ __forceinline__ std::int32_t position(std::int32_t result, std::int32_t tap) const {
    return result * stride + tap * dilation - padding;
  }
  __device__ __forceinline__ bool has(std::int32_t position) const { return position >= 0 && position < extent; }
  // The place of the tap, or -1 where there is none of that result.
  __device__ __forceinline__ std::int32_t place_of(std::int32_t result, std::int32_t tap) const {
    const std::int32_t at = position(result, tap);
    return result < results && has(at) ? at : -1;
  }
  // The result whose tap `tap` is at `position`, or -1.
  __device__ __forceinline__ std::int32_t result_of(std::int32_t position, std::int32_t tap) const {
    const std::int32_t down = position + padding - tap * dilation;
    return position < extent && down >= 0 && down % stride == 0 && down / stride < results ? down / stride : -1;
  }
};

struct Window {
  std::int32_t in_channels, out_channels, in_group, out_group, lines;  // lines: N * P
  WindowAxis vertical, horizontal;

  explicit Window(const Conv2dShape& s)
      : in_channels(narrow(s.in_channels)),
        out_channels(narrow(s.out_channels)),
        in_group(narrow(s.in_channels / s.window.groups)),
        out_group(narrow(s.out_channels / s.window.groups)),
        lines(narrow(s.batch * s.out_height)),
        vertical{narrow(s.height),
                 narrow(s.out_height),
                 narrow(s.kernel_height),
                 narrow(s.window.stride_height),
                 narrow(s.window.padding_height),
                 narrow(s.window.dilation_height)},
        horizontal{narrow(s.width),
                   narrow(s.out_width),
                   narrow(s.kernel_width),
                   narrow(s.window.stride_width),
                   narrow(s.window.padding_width),
                   narrow(s.window.dilation_width)} {}

  // Whether all numbers of elements, positions and taps stay in 31 bits.
  static bool fits(const Conv2dShape& s) {
    constexpr std::int64_t most = 1 << 30;
    return std::max({s.x_size(), s.y_size(), s.weight_size(), s.height + 2 * s.window.padding_height,
                     s.width + 2 * s.window.padding_width}) < most &&
           s.y_size() > 0 && s.kernel_height * s.kernel_width < 65536;
  }

 private:
  static std::int32_t narrow(std::int64_t number) { return static_cast<std::int32_t>(number); }
};

// Of [images,rows,columns,C]: `width` channels of kResultsOfThread columns.
template <int width>
struct WindowPlace {
  std::int32_t image, row, column, channel;

  __device__ __forceinline__ WindowPlace(std::uint32_t index, std::int32_t channels, std::int32_t rows,
                                         std::int32_t columns) {
    const auto packs = static_cast<std::uint32_t>(channels / width);
    const auto across = static_cast<std::uint32_t>((columns + kResultsOfThread - 1) / kResultsOfThread);
    const std::uint32_t position = index / packs, line = position / across;
    channel = static_cast<std::int32_t>(index - position * packs) * width;
    column = static_cast<std::int32_t>(position - line * across) * kResultsOfThread;
    image = static_cast<std::int32_t>(line / static_cast<std::uint32_t>(rows));
    row = static_cast<std::int32_t>(line) - image * rows;
  }

  // Of a pass that writes y, or dx: how many threads it takes.
  static std::int64_t count(const Conv2dShape& s, Conv2dPass pass) {
    const bool forward = pass == Conv2dPass::forward;
    const std::int64_t lines = s.batch * (forward ? s.out_height : s.height);
    const std::int64_t across = ((forward ? s.out_width : s.width) + kResultsOfThread - 1) / kResultsOfThread;
    return lines * across * ((forward ? s.out_channels : s.in_channels) / width);
  }
};

// Stores what a thread has of line `line` of a tensor [lines,extent,channels].
template <class T, int width>
__device__ __forceinline__ void store_results(const Pack<float, width> (&sums)[kResultsOfThread], std::int64_t line,
                                              std::int32_t extent, const WindowPlace<width>& place,
                                              std::int32_t channels, T* to) {
  UNROLL for (int j = 0; j < kResultsOfThread; ++j) {
    if (place.column + j >= extent) continue;
    Pack<T, width> result;
    UNROLL for (int c = 0; c < width; ++c) result[c] = from_float<T>(sums[j][c]);
    store_pack(to, (line * extent + place.column + j) * channels + place.channel, result);
  }
}

// How a weight's gradient is summed: in `parts` runs of `lines` lines of y, each into a weight of its own, which
// finish() adds up.
struct WeightSplit {
  std::int64_t lines, parts;

  WeightSplit(const Conv2dShape& s, std::int64_t most_parts) {
    const std::int64_t all = s.batch * s.out_height, wanted = std::clamp<std::int64_t>(most_parts, 1, all);
    lines = (all + wanted - 1) / wanted;
    parts = (all + lines - 1) / lines;
  }

  std::size_t partial_bytes(const Conv2dShape& s) const {
    return static_cast<std::size_t>(parts * s.weight_size()) * sizeof(float);
  }
  std::size_t scratch_bytes(const Conv2dShape& s) const {
    return partial_bytes(s) + std::max(sum_rows_scratch_bytes(parts, s.weight_size()),
                                       sum_rows_scratch_bytes(s.batch * s.out_height * s.out_width, s.out_channels));
  }
  // The gradients of weight and bias; `scratch` begins with the sums of the parts.
  template <class T>
  void finish(const Exec& exec, const Conv2dShape& s, const Conv2dOperands<T>& operands, void* scratch) const {
    void* rest = static_cast<std::byte*>(scratch) + partial_bytes(s);
    sum_rows<float>(exec, parts, s.weight_size(), static_cast<const float*>(scratch), operands.weight, rest);
    if (operands.bias != nullptr)
      sum_rows<T>(exec, s.batch * s.out_height * s.out_width, s.out_channels, operands.y, operands.bias, rest);
  }
};

}  // namespace sluice::kernels::cuda

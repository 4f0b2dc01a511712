// SPDX-License-Identifier: Apache-2.0
// Images x [N,H,W,C] with other numbers of rows and columns, y [N,P,Q,C]: resizing, and pooling over bins that cover
// the image. A result is a weighted sum over rows and columns, whose weights are a product of one of the row and one of
// the column. Bound by bytes: forward reads x and writes y, backward reads dy and writes dx; backward gathers, so that
// nothing is added atomically.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/host_device.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// The most rows and columns of x and y: all products below stay in 32 bits.
inline constexpr std::int64_t kMaxResampled = 32768;

// Along one axis of E places and P results.
//
//   bins            result p is the mean of places floor(p E / P) to ceil((p+1) E / P) - 1, as adaptive pooling has
//   them nearest         place floor(p E / P) linear          between the places around ((2 p + 1) E / P - 1) / 2, the
//   ends held linear_corners  between the places around p (E - 1) / (P - 1): the first and last places are the first
//   and last results
enum class ResampleKind : std::uint8_t { bins, nearest, linear, linear_corners };

struct ResampleAxis {
  std::int32_t extent, results;  // E, P, from 1 to kMaxResampled
  ResampleKind kind;

  struct Span {
    std::int32_t first, end;
  };

  // The places that result p is made of.
  SLUICE_HOST_DEVICE Span places(std::int32_t p) const {
    if (kind == ResampleKind::bins) return {p * extent / results, ((p + 1) * extent + results - 1) / results};
    if (kind == ResampleKind::nearest) return {p * extent / results, p * extent / results + 1};
    const std::int32_t first = position(p) / unit();
    return {first, first + 2 < extent ? first + 2 : extent};
  }

  // The share of a place in result p, 0 where it has none.
  template <class R>
  SLUICE_HOST_DEVICE R weight(std::int32_t p, std::int32_t place) const {
    if (kind == ResampleKind::nearest) return place == p * extent / results ? R(1) : R(0);
    if (kind == ResampleKind::bins) {
      const Span span = places(p);
      return span.first <= place && place < span.end ? R(1) / static_cast<R>(span.end - span.first) : R(0);
    }
    const std::int32_t apart = position(p) - place * unit(), distance = apart < 0 ? -apart : apart;
    return distance < unit() ? static_cast<R>(unit() - distance) / static_cast<R>(unit()) : R(0);
  }

  // Results among which are all that a place has a share in.
  SLUICE_HOST_DEVICE Span results_of(std::int32_t place) const {
    std::int32_t first = 0, end = results;
    if (kind == ResampleKind::bins) return {place * results / extent, ((place + 1) * results - 1) / extent + 1};
    if (kind == ResampleKind::nearest)
      return {(place * results + extent - 1) / extent, ((place + 1) * results + extent - 1) / extent};
    // One place to each side, and one result for what the divisions cut off.
    if (kind == ResampleKind::linear) {
      if (place > 0) first = (2 * place - 1) * results / (2 * extent) - 1;
      if (place < extent - 1) end = (2 * place + 3) * results / (2 * extent) + 2;
    } else if (extent > 1) {
      if (place > 0) first = (place - 1) * (results - 1) / (extent - 1);
      if (place < extent - 1) end = (place + 1) * (results - 1) / (extent - 1) + 2;
    }
    return {first < 0 ? 0 : first, end < results ? end : results};
  }

 private:
  // Result p lies at position / unit, between the first and the last place.
  SLUICE_HOST_DEVICE std::int32_t unit() const {
    return kind == ResampleKind::linear ? 2 * results : results > 1 ? results - 1 : 1;
  }
  SLUICE_HOST_DEVICE std::int32_t position(std::int32_t p) const {
    if (kind == ResampleKind::linear_corners) return results > 1 ? p * (extent - 1) : 0;
    const std::int32_t at = (2 * p + 1) * extent - results, last = (extent - 1) * unit();
    return at < 0 ? 0 : at < last ? at : last;
  }
};

struct ResampleGeometry {
  std::int64_t batch, channels;       // N, C
  ResampleAxis vertical, horizontal;  // H to P, W to Q

  std::int64_t x_size() const { return batch * channels * vertical.extent * horizontal.extent; }
  std::int64_t y_size() const { return batch * channels * vertical.results * horizontal.results; }
};

template <class Device>
struct Resample {
  template <class T>
  static void forward(const Exec&, const ResampleGeometry&, const T* x, T* y);
  template <class T>
  static void backward(const Exec&, const ResampleGeometry&, const T* dy, T* dx);

  // The largest element of each bin, the first of equals; a NaN wins over all. index [N,P,Q,C]: its row times W plus
  // its column; may be nullptr where there is no backward pass.
  template <class T>
  static void largest_forward(const Exec&, const ResampleGeometry&, const T* x, T* y, std::int32_t* index);
  template <class T>
  static void largest_backward(const Exec&, const ResampleGeometry&, const std::int32_t* index, const T* dy, T* dx);
};

}  // namespace sluice::kernels

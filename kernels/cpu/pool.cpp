// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/pool.h>

#include <limits>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

// Channels that are gathered at a time, in registers.
constexpr std::int64_t kBlock = 64;

// Positions [first, last) of one axis.
struct Span {
  std::int64_t first;
  std::int64_t last;
};

// The part of window `out` that lies inside the image, as offsets into the window.
Span inside(std::int64_t out, std::int64_t stride, std::int64_t pad, std::int64_t window, std::int64_t extent) {
  const std::int64_t origin = out * stride - pad;
  return {std::max<std::int64_t>(0, -origin), std::min(window, extent - origin)};
}

// The windows that hold position `at`.
Span holders(std::int64_t at, std::int64_t stride, std::int64_t pad, std::int64_t window, std::int64_t out_extent) {
  const std::int64_t reach = at + pad - window;
  return {reach < 0 ? 0 : reach / stride + 1, std::min(out_extent, (at + pad) / stride + 1)};
}

template <class T>
void take_largest(std::int64_t count, const T* x, std::int32_t offset, Master<T>* largest, std::int32_t* where) {
  for (std::int64_t c = 0; c < count; ++c) {
    const auto value = static_cast<Master<T>>(x[c]);
    const bool take = value > largest[c] || value != value;
    largest[c] = take ? value : largest[c];
    where[c] = take ? offset : where[c];
  }
}

template <class T>
void add_values(std::int64_t count, const T* x, Master<T>* sum) {
  for (std::int64_t c = 0; c < count; ++c) sum[c] += static_cast<Master<T>>(x[c]);
}

template <class T>
void add_where(std::int64_t count, const T* dy, const std::uint8_t* offsets, std::uint8_t offset, Master<T>* sum) {
  for (std::int64_t c = 0; c < count; ++c)
    sum[c] += offsets[c] == offset ? static_cast<Master<T>>(dy[c]) : Master<T>(0);
}

template <class T>
void store(std::int64_t count, const Master<T>* value, Master<T> factor, T* y) {
  for (std::int64_t c = 0; c < count; ++c) y[c] = T(factor * value[c]);
}

// Calls visit(offset in the window, pointer to x) for the positions of window (p, q) of image x.
template <class T, class Visit>
void for_window(const PoolGeometry& g, std::int64_t p, std::int64_t q, const T* image, const Visit& visit) {
  const Span rows = inside(p, g.stride_height, g.pad_height, g.window_height, g.height);
  const Span columns = inside(q, g.stride_width, g.pad_width, g.window_width, g.width);
  for (std::int64_t r = rows.first; r < rows.last; ++r)
    for (std::int64_t s = columns.first; s < columns.last; ++s) {
      const std::int64_t h = p * g.stride_height - g.pad_height + r;
      const std::int64_t w = q * g.stride_width - g.pad_width + s;
      visit(static_cast<std::int32_t>(r * g.window_width + s), image + (h * g.width + w) * g.channels);
    }
}

// Calls visit(offset in the window, index of the window's first channel in [P,Q,C]) for the windows that hold (h, w).
template <class Visit>
void for_holders(const PoolGeometry& g, std::int64_t h, std::int64_t w, const Visit& visit) {
  const Span rows = holders(h, g.stride_height, g.pad_height, g.window_height, g.out_height);
  const Span columns = holders(w, g.stride_width, g.pad_width, g.window_width, g.out_width);
  for (std::int64_t p = rows.first; p < rows.last; ++p)
    for (std::int64_t q = columns.first; q < columns.last; ++q) {
      const std::int64_t r = h + g.pad_height - p * g.stride_height;
      const std::int64_t s = w + g.pad_width - q * g.stride_width;
      visit(static_cast<std::int32_t>(r * g.window_width + s), (p * g.out_width + q) * g.channels);
    }
}

// Calls run(position [0, rows * columns), first channel, channels of the block) in parallel over rows.
template <class Run>
void for_blocks(std::int64_t rows, std::int64_t columns, std::int64_t channels, const Run& run) {
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, columns * channels));
  parallel_for(rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin * columns; at < end * columns; ++at)
      for (std::int64_t c = 0; c < channels; c += kBlock) run(at, c, std::min(kBlock, channels - c));
  });
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void MaxPool2d<Cpu>::forward(const Exec&, const PoolGeometry& g, const T* x, T* y, std::uint8_t* offsets) {
  for_blocks(g.batch * g.out_height, g.out_width, g.channels, [&](std::int64_t at, std::int64_t c, std::int64_t count) {
    const std::int64_t p = at / g.out_width % g.out_height;
    const T* image = x + at / (g.out_width * g.out_height) * (g.height * g.width * g.channels);
    Master<T> largest[kBlock];
    std::int32_t where[kBlock];
    bool first = true;
    for_window(g, p, at % g.out_width, image, [&](std::int32_t offset, const T* from) {
      if (first) {
        std::fill(largest, largest + count, -std::numeric_limits<Master<T>>::infinity());
        std::fill(where, where + count, offset);
        first = false;
      }
      take_largest(count, from + c, offset, largest, where);
    });
    store(count, largest, Master<T>(1), y + at * g.channels + c);
    if (offsets == nullptr) return;
    std::uint8_t* to = offsets + at * g.channels + c;
    for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<std::uint8_t>(where[i]);
  });
}

template <>
template <class T>
void MaxPool2d<Cpu>::backward(const Exec&, const PoolGeometry& g, const std::uint8_t* offsets, const T* dy, T* dx) {
  for_blocks(g.batch * g.height, g.width, g.channels, [&](std::int64_t at, std::int64_t c, std::int64_t count) {
    const std::int64_t image = at / (g.width * g.height) * (g.out_height * g.out_width * g.channels);
    Master<T> sum[kBlock] = {};
    for_holders(g, at / g.width % g.height, at % g.width, [&](std::int32_t offset, std::int64_t window) {
      const std::int64_t from = image + window + c;
      add_where(count, dy + from, offsets + from, static_cast<std::uint8_t>(offset), sum);
    });
    store(count, sum, Master<T>(1), dx + at * g.channels + c);
  });
}

template <>
template <class T>
void AvgPool2d<Cpu>::forward(const Exec&, const PoolGeometry& g, const T* x, T* y) {
  const Master<T> share = Master<T>(1) / static_cast<Master<T>>(g.window_height * g.window_width);
  for_blocks(g.batch * g.out_height, g.out_width, g.channels, [&](std::int64_t at, std::int64_t c, std::int64_t count) {
    const std::int64_t p = at / g.out_width % g.out_height;
    const T* image = x + at / (g.out_width * g.out_height) * (g.height * g.width * g.channels);
    Master<T> sum[kBlock] = {};
    for_window(g, p, at % g.out_width, image, [&](std::int32_t, const T* from) { add_values(count, from + c, sum); });
    store(count, sum, share, y + at * g.channels + c);
  });
}

template <>
template <class T>
void AvgPool2d<Cpu>::backward(const Exec&, const PoolGeometry& g, const T* dy, T* dx) {
  const Master<T> share = Master<T>(1) / static_cast<Master<T>>(g.window_height * g.window_width);
  for_blocks(g.batch * g.height, g.width, g.channels, [&](std::int64_t at, std::int64_t c, std::int64_t count) {
    const std::int64_t image = at / (g.width * g.height) * (g.out_height * g.out_width * g.channels);
    Master<T> sum[kBlock] = {};
    for_holders(g, at / g.width % g.height, at % g.width,
                [&](std::int32_t, std::int64_t window) { add_values(count, dy + image + window + c, sum); });
    store(count, sum, share, dx + at * g.channels + c);
  });
}

template <>
template <class T>
void GlobalAveragePool<Cpu>::forward(const Exec&, std::int64_t batch, std::int64_t positions, std::int64_t channels,
                                     const T* x, T* y) {
  const Master<T> share = Master<T>(1) / static_cast<Master<T>>(positions);
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / (positions * channels));
  parallel_for(batch, grain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n)
      for (std::int64_t c = 0; c < channels; c += kBlock) {
        const std::int64_t count = std::min(kBlock, channels - c);
        const T* image = x + n * positions * channels + c;
        Master<T> sum[kBlock] = {};
        for (std::int64_t at = 0; at < positions; ++at) add_values(count, image + at * channels, sum);
        store(count, sum, share, y + n * channels + c);
      }
  });
}

template <>
template <class T>
void GlobalAveragePool<Cpu>::backward(const Exec&, std::int64_t batch, std::int64_t positions, std::int64_t channels,
                                      const T* dy, T* dx) {
  const Master<T> share = Master<T>(1) / static_cast<Master<T>>(positions);
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / (positions * channels));
  parallel_for(batch, grain, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      T* image = dx + n * positions * channels;
      for (std::int64_t c = 0; c < channels; ++c) image[c] = T(share * static_cast<Master<T>>(dy[n * channels + c]));
      for (std::int64_t at = 1; at < positions; ++at) std::copy(image, image + channels, image + at * channels);
    }
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&MaxPool2d<Cpu>::forward<T>, &MaxPool2d<Cpu>::backward<T>, &AvgPool2d<Cpu>::forward<T>,
                    &AvgPool2d<Cpu>::backward<T>, &GlobalAveragePool<Cpu>::forward<T>,
                    &GlobalAveragePool<Cpu>::backward<T>);
});

}  // namespace sluice::kernels

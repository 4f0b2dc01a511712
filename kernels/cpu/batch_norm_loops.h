// SPDX-License-Identifier: Apache-2.0
// The loops of batch normalisation over rows and channels, for every type, width and tail; batch_norm.cpp finishes the
// sums and chooses among them.
#pragma once

#include <sluice/base/parallel.h>
#include <sluice/kernels/batch_norm.h>
#include <sluice/kernels/cpu/lanes.h>

namespace sluice::kernels::cpu {

// Rows are summed in chunks that depend on the geometry alone, so that the bits do not depend on the threads. A chunk
// stays in a core's cache while its panels of channels pass.
struct Chunks {
  std::int64_t rows, channels, length, count;

  explicit Chunks(const BatchNormGeometry& g)
      : Chunks(g, std::clamp<std::int64_t>(32768 / std::max<std::int64_t>(g.channels, 1), 32, 512)) {}
  Chunks(const BatchNormGeometry& g, std::int64_t length_)
      : rows(g.rows), channels(g.channels), length(length_), count((g.rows + length - 1) / length) {}

  std::int64_t length_of(std::int64_t chunk) const { return std::min(length, rows - chunk * length); }
};

// Calls run.template operator()<vectors, fill>(chunk, channel, count) for every panel of every chunk. A thread has the
// same rows in every pass, since what another core wrote is dear to fetch; it may take its own backwards.
enum class Order : bool { forwards, backwards };
template <class Lanes, class Run>
void for_panels(const Chunks& chunks, Order order, const Run& run) {
  const std::int64_t panels = (chunks.channels + kPanel<Lanes> - 1) / kPanel<Lanes>;
  const std::int64_t elements = chunks.length * std::min(kPanel<Lanes>, chunks.channels);
  const std::int64_t tasks = chunks.count * panels;
  parallel_for(tasks, kElementGrain / std::max<std::int64_t>(elements, 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t task = order == Order::forwards ? i : begin + end - 1 - i;
      const std::int64_t first = task % panels * kPanel<Lanes>;
      for_lanes<Lanes>(first, std::min(first + kPanel<Lanes>, chunks.channels),
                       [&]<int vectors, Fill fill>(std::int64_t channel, std::int64_t count) {
                         run.template operator()<vectors, fill>(task / panels, channel, count);
                       });
    }
  });
}

// Rows in flight at a time: enough independent sums to hide an addition's latency.
template <int vectors>
inline constexpr int kRowsAtOnce = 8 / vectors;

// mean and sum of squared deviations of `rows` rows. Sums are taken around the first row: then the error of the
// deviations is at worst `rows` times that of a sum around the mean, whatever the values, and no worse most often.
template <class Lanes, int vectors, Fill fill, class T>
void sum_deviations(std::int64_t rows, std::int64_t pitch, std::int64_t count, const T* x, Master<T>* mean,
                    Master<T>* squares) {
  constexpr int at_once = kRowsAtOnce<vectors>;
  constexpr std::int64_t width = kWidth<Lanes>;
  Lanes shift[vectors], sum[at_once][vectors] = {}, square[at_once][vectors] = {};
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) shift[v] = read<Lanes, fill>(x + v * width, count);
  std::int64_t row = 0;
  for (; row + at_once <= rows; row += at_once)
#pragma GCC unroll 8
    for (int r = 0; r < at_once; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const Lanes d = read<Lanes, fill>(x + (row + r) * pitch + v * width, count) - shift[v];
        sum[r][v] += d;
        square[r][v] += d * d;
      }
  for (; row < rows; ++row)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const Lanes d = read<Lanes, fill>(x + row * pitch + v * width, count) - shift[v];
      sum[0][v] += d;
      square[0][v] += d * d;
    }
  const Lanes share = all<Lanes>(Master<T>(1) / static_cast<Master<T>>(rows));
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
#pragma GCC unroll 8
    for (int r = 1; r < at_once; ++r) {
      sum[0][v] += sum[r][v];
      square[0][v] += square[r][v];
    }
    const Lanes offset = sum[0][v] * share;
    write<Lanes, fill>(mean + v * width, shift[v] + offset, count);
    write<Lanes, fill>(squares + v * width, square[0][v] - sum[0][v] * offset, count);
  }
}

template <BatchNormTail tail, class Lanes, int vectors, Fill fill, class T>
void apply_rows(std::int64_t rows, std::int64_t pitch, std::int64_t count, const BatchNormChannels<Master<T>>& channels,
                std::int64_t channel, const T* x, const T* residual, T* y) {
  constexpr std::int64_t width = kWidth<Lanes>;
  Lanes mean[vectors], scale[vectors], bias[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const std::int64_t c = channel + v * width;
    mean[v] = read<Lanes, fill>(channels.mean + c, count);
    scale[v] = read<Lanes, fill>(channels.weight + c, count) * read<Lanes, fill>(channels.inverse_deviation + c, count);
    bias[v] = read<Lanes, fill>(channels.bias + c, count);
  }
  for (std::int64_t row = 0; row < rows; ++row)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const std::int64_t at = row * pitch + v * width;
      Lanes z = (read<Lanes, fill>(x + at, count) - mean[v]) * scale[v] + bias[v];
      if constexpr (tail == BatchNormTail::add_relu) z += read<Lanes, fill>(residual + at, count);
      // Not the maximum: a NaN must travel.
      if constexpr (tail != BatchNormTail::none) z = z < Lanes{} ? Lanes{} : z;
      write<Lanes, fill>(y + at, z, count);
    }
}

// Sums of dz and dz (x - mean) over `rows` rows.
template <BatchNormTail tail, class Lanes, int vectors, Fill fill, class T>
void sum_gradients(std::int64_t rows, std::int64_t pitch, std::int64_t count,
                   const BatchNormChannels<Master<T>>& channels, std::int64_t channel, const T* x, const T* y,
                   const T* dy, T* dz, Master<T>* sums, Master<T>* products) {
  constexpr int at_once = kRowsAtOnce<vectors>;
  constexpr std::int64_t width = kWidth<Lanes>;
  Lanes mean[vectors], scale[vectors], bias[vectors];
  Lanes sum[at_once][vectors] = {}, product[at_once][vectors] = {};
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const std::int64_t c = channel + v * width;
    mean[v] = read<Lanes, fill>(channels.mean + c, count);
    scale[v] = read<Lanes, fill>(channels.weight + c, count) * read<Lanes, fill>(channels.inverse_deviation + c, count);
    bias[v] = read<Lanes, fill>(channels.bias + c, count);
  }
  const auto step = [&](std::int64_t at, int v, Lanes& sum_of, Lanes& product_of) __attribute__((always_inline)) {
    const Lanes deviation = read<Lanes, fill>(x + at, count) - mean[v];
    Lanes d = read<Lanes, fill>(dy + at, count);
    if constexpr (tail == BatchNormTail::relu) d = deviation * scale[v] + bias[v] > Lanes{} ? d : Lanes{};
    if constexpr (tail == BatchNormTail::add_relu) {
      d = read<Lanes, fill>(y + at, count) > Lanes{} ? d : Lanes{};
      write<Lanes, fill>(dz + at, d, count);
    }
    sum_of += d;
    product_of += d * deviation;
  };
  std::int64_t row = 0;
  for (; row + at_once <= rows; row += at_once)
#pragma GCC unroll 8
    for (int r = 0; r < at_once; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) step((row + r) * pitch + v * width, v, sum[r][v], product[r][v]);
  for (; row < rows; ++row)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) step(row * pitch + v * width, v, sum[0][v], product[0][v]);
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
#pragma GCC unroll 8
    for (int r = 1; r < at_once; ++r) {
      sum[0][v] += sum[r][v];
      product[0][v] += product[r][v];
    }
    write<Lanes, fill>(sums + v * width, sum[0][v], count);
    write<Lanes, fill>(products + v * width, product[0][v], count);
  }
}

// dx = scale dz + slope (x - mean) + offset.
template <BatchNormTail tail, class Lanes, int vectors, Fill fill, class T>
void backward_rows(std::int64_t rows, std::int64_t pitch, std::int64_t count,
                   const BatchNormChannels<Master<T>>& channels, const Master<T>* dweight, const Master<T>* dbias,
                   Master<T> share, std::int64_t channel, const T* x, const T* dy, T* dx) {
  constexpr std::int64_t width = kWidth<Lanes>;
  Lanes mean[vectors], scale[vectors], bias[vectors], slope[vectors], offset[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const std::int64_t c = channel + v * width;
    const Lanes inverse = read<Lanes, fill>(channels.inverse_deviation + c, count);
    mean[v] = read<Lanes, fill>(channels.mean + c, count);
    scale[v] = read<Lanes, fill>(channels.weight + c, count) * inverse;
    bias[v] = read<Lanes, fill>(channels.bias + c, count);
    const Lanes factor = scale[v] * all<Lanes>(-share);
    slope[v] = factor * inverse * read<Lanes, fill>(dweight + c, count);
    offset[v] = factor * read<Lanes, fill>(dbias + c, count);
  }
  for (std::int64_t row = 0; row < rows; ++row)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const std::int64_t at = row * pitch + v * width;
      const Lanes deviation = read<Lanes, fill>(x + at, count) - mean[v];
      Lanes d = read<Lanes, fill>(dy + at, count);
      if constexpr (tail == BatchNormTail::relu) d = deviation * scale[v] + bias[v] > Lanes{} ? d : Lanes{};
      write<Lanes, fill>(dx + at, scale[v] * d + (slope[v] * deviation + offset[v]), count);
    }
}

}  // namespace sluice::kernels::cpu

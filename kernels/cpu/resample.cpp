// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/resample.h>

#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels {
namespace {

using Span = ResampleAxis::Span;

// Channels that are summed at a time, in registers.
constexpr std::int64_t kBlock = 64;

// visit(image, row, column, first channel, channels) for blocks of channels of all pixels.
template <class Visit>
void for_blocks(std::int64_t batch, std::int32_t rows, std::int32_t columns, std::int64_t channels,
                const Visit& visit) {
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / 4 / (columns * channels));
  parallel_for(batch * rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line)
      for (std::int32_t column = 0; column < columns; ++column)
        for (std::int64_t c = 0; c < channels; c += kBlock)
          visit(line / rows, static_cast<std::int32_t>(line % rows), column, c, std::min(kBlock, channels - c));
  });
}

template <class T>
void add_scaled(std::int64_t count, Master<T> factor, const T* values, Master<T>* sum) {
  for (std::int64_t i = 0; i < count; ++i) sum[i] += factor * static_cast<Master<T>>(values[i]);
}

template <class T>
void store(std::int64_t count, const Master<T>* sum, T* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = T(sum[i]);
}

// One element of a block of x [N,rows,columns,C].
std::int64_t place_of(const ResampleGeometry& g, std::int64_t image, std::int32_t rows, std::int32_t columns,
                      std::int32_t row, std::int32_t column, std::int64_t c) {
  return ((image * rows + row) * columns + column) * g.channels + c;
}

template <class T>
void take_larger(std::int64_t count, std::int32_t at, bool first, const T* values, Master<T>* largest,
                 std::int32_t* where) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<Master<T>>(values[i]);
    const bool take = first || value > largest[i] || value != value;
    largest[i] = take ? value : largest[i];
    where[i] = take ? at : where[i];
  }
}

}  // namespace

template <>
template <class T>
void Resample<Cpu>::forward(const Exec&, const ResampleGeometry& g, const T* x, T* y) {
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  for_blocks(g.batch, v.results, h.results, g.channels,
             [&](std::int64_t image, std::int32_t p, std::int32_t q, std::int64_t c, std::int64_t count) {
               const Span rows = v.places(p), columns = h.places(q);
               Master<T> sum[kBlock] = {};
               for (std::int32_t row = rows.first; row < rows.end; ++row)
                 for (std::int32_t column = columns.first; column < columns.end; ++column)
                   add_scaled(count, v.weight<Master<T>>(p, row) * h.weight<Master<T>>(q, column),
                              x + place_of(g, image, v.extent, h.extent, row, column, c), sum);
               store(count, sum, y + place_of(g, image, v.results, h.results, p, q, c));
             });
}

template <>
template <class T>
void Resample<Cpu>::backward(const Exec&, const ResampleGeometry& g, const T* dy, T* dx) {
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  for_blocks(g.batch, v.extent, h.extent, g.channels,
             [&](std::int64_t image, std::int32_t row, std::int32_t column, std::int64_t c, std::int64_t count) {
               const Span above = v.results_of(row), beside = h.results_of(column);
               Master<T> sum[kBlock] = {};
               for (std::int32_t p = above.first; p < above.end; ++p)
                 for (std::int32_t q = beside.first; q < beside.end; ++q) {
                   const Master<T> weight = v.weight<Master<T>>(p, row) * h.weight<Master<T>>(q, column);
                   if (weight != 0)
                     add_scaled(count, weight, dy + place_of(g, image, v.results, h.results, p, q, c), sum);
                 }
               store(count, sum, dx + place_of(g, image, v.extent, h.extent, row, column, c));
             });
}

template <>
template <class T>
void Resample<Cpu>::largest_forward(const Exec&, const ResampleGeometry& g, const T* x, T* y, std::int32_t* index) {
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  for_blocks(g.batch, v.results, h.results, g.channels,
             [&](std::int64_t image, std::int32_t p, std::int32_t q, std::int64_t c, std::int64_t count) {
               const Span rows = v.places(p), columns = h.places(q);
               Master<T> largest[kBlock];
               std::int32_t where[kBlock];
               for (std::int32_t row = rows.first; row < rows.end; ++row)
                 for (std::int32_t column = columns.first; column < columns.end; ++column)
                   take_larger(count, row * h.extent + column, row == rows.first && column == columns.first,
                               x + place_of(g, image, v.extent, h.extent, row, column, c), largest, where);
               const std::int64_t to = place_of(g, image, v.results, h.results, p, q, c);
               store(count, largest, y + to);
               if (index != nullptr) std::copy_n(where, count, index + to);
             });
}

template <>
template <class T>
void Resample<Cpu>::largest_backward(const Exec&, const ResampleGeometry& g, const std::int32_t* index, const T* dy,
                                     T* dx) {
  const ResampleAxis &v = g.vertical, &h = g.horizontal;
  for_blocks(g.batch, v.extent, h.extent, g.channels,
             [&](std::int64_t image, std::int32_t row, std::int32_t column, std::int64_t c, std::int64_t count) {
               const Span above = v.results_of(row), beside = h.results_of(column);
               Master<T> sum[kBlock] = {};
               for (std::int32_t p = above.first; p < above.end; ++p)
                 for (std::int32_t q = beside.first; q < beside.end; ++q) {
                   const std::int64_t from = place_of(g, image, v.results, h.results, p, q, c);
                   for (std::int64_t i = 0; i < count; ++i)
                     sum[i] += index[from + i] == row * h.extent + column ? static_cast<Master<T>>(dy[from + i])
                                                                          : Master<T>(0);
                 }
               store(count, sum, dx + place_of(g, image, v.extent, h.extent, row, column, c));
             });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Resample<Cpu>::forward<T>, &Resample<Cpu>::backward<T>, &Resample<Cpu>::largest_forward<T>,
                    &Resample<Cpu>::largest_backward<T>);
});

}  // namespace sluice::kernels

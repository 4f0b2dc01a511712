// SPDX-License-Identifier: Apache-2.0
// Convolution as loops over raw pointers: what the others are checked against, and what runs where they don't. Each
// result is one sum in one order, whatever the number of threads.
#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/conv2d_geometry.h>

namespace sluice::kernels::cpu {
namespace {

// Channels that are summed at once, in registers.
constexpr std::int64_t kBlock = 64;

// sum[i] += factor * values[i].
template <class R, class T>
void add_scaled(std::int64_t n, R factor, const T* values, R* sum) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] += factor * static_cast<R>(values[i]);
}

template <class R, class T>
void write(std::int64_t n, const R* sum, T* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = T(sum[i]);
}

// weight [K,R,S,C/groups] with k innermost, so that the sums of a result's channels run side by side.
template <class R>
void put_out_channels_last(const Conv2dGeometry& g, const R* weight, R* turned) {
  const std::int64_t taps = g.kernel_height * g.kernel_width * g.in_group;
  for (std::int64_t k = 0; k < g.out_channels; ++k)
    for (std::int64_t tap = 0; tap < taps; ++tap) turned[tap * g.out_channels + k] = weight[k * taps + tap];
}

// y of one position: channels [first_k, first_k + count) of one group.
template <class T, class R>
void forward_position(const Conv2dGeometry& g, std::int64_t p, std::int64_t q, const T* image, const R* turned,
                      const R* bias, std::int64_t first_k, std::int64_t count, T* y) {
  const std::int64_t group_channel = first_k / g.out_group * g.in_group;
  R sum[kBlock] = {};
  if (bias != nullptr) std::copy_n(bias + first_k, count, sum);
  for (std::int64_t r = 0; r < g.kernel_height; ++r) {
    const std::int64_t h = g.row(p, r);
    if (!g.has_row(h)) continue;
    for (std::int64_t s = 0; s < g.kernel_width; ++s) {
      const std::int64_t w = g.column(q, s);
      if (!g.has_column(w)) continue;
      const T* x = image + (h * g.width + w) * g.in_channels + group_channel;
      const R* tap = turned + (r * g.kernel_width + s) * g.in_group * g.out_channels + first_k;
      for (std::int64_t c = 0; c < g.in_group; ++c)
        add_scaled(count, static_cast<R>(x[c]), tap + c * g.out_channels, sum);
    }
  }
  write(count, sum, y + first_k);
}

template <class T>
void forward(const Conv2dGeometry& g, const Conv2dOperands<T>& operands, void* scratch) {
  using R = Master<T>;
  R* turned = static_cast<R*>(scratch);
  put_out_channels_last(g, operands.weight, turned);
  parallel_for(g.batch * g.out_height, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      const T* image = operands.x + line / g.out_height * g.height * g.width * g.in_channels;
      for (std::int64_t q = 0; q < g.out_width; ++q)
        for (std::int64_t group = 0; group < g.out_channels; group += g.out_group)
          for (std::int64_t k = 0; k < g.out_group; k += kBlock)
            forward_position(g, line % g.out_height, q, image, turned, operands.bias, group + k,
                             std::min(kBlock, g.out_group - k), operands.y + (line * g.out_width + q) * g.out_channels);
    }
  });
}

// dx of one position: channels [first_c, first_c + count) of group `group`.
template <class T, class R>
void backward_input_position(const Conv2dGeometry& g, std::int64_t h, std::int64_t w, const R* weight,
                             const T* dy_image, std::int64_t group, std::int64_t first_c, std::int64_t count, T* dx) {
  R sum[kBlock] = {};
  for (std::int64_t r = 0; r < g.kernel_height; ++r) {
    const std::int64_t down = h - g.row(0, r), p = down / g.window.stride_height;
    if (down < 0 || down % g.window.stride_height != 0 || p >= g.out_height) continue;
    for (std::int64_t s = 0; s < g.kernel_width; ++s) {
      const std::int64_t across = w - g.column(0, s), q = across / g.window.stride_width;
      if (across < 0 || across % g.window.stride_width != 0 || q >= g.out_width) continue;
      const T* dy = dy_image + (p * g.out_width + q) * g.out_channels;
      for (std::int64_t k = group * g.out_group; k < (group + 1) * g.out_group; ++k)
        add_scaled(count, static_cast<R>(dy[k]),
                   weight + ((k * g.kernel_height + r) * g.kernel_width + s) * g.in_group + first_c, sum);
    }
  }
  write(count, sum, dx + group * g.in_group + first_c);
}

template <class T>
void backward_input(const Conv2dGeometry& g, const Conv2dOperands<T>& operands) {
  parallel_for(g.batch * g.height, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t line = begin; line < end; ++line) {
      const T* dy_image = operands.y + line / g.height * g.out_height * g.out_width * g.out_channels;
      for (std::int64_t w = 0; w < g.width; ++w)
        for (std::int64_t group = 0; group < g.window.groups; ++group)
          for (std::int64_t c = 0; c < g.in_group; c += kBlock)
            backward_input_position(g, line % g.height, w, operands.weight, dy_image, group, c,
                                    std::min(kBlock, g.in_group - c),
                                    operands.x + (line * g.width + w) * g.in_channels);
    }
  });
}

// dweight[k,r,s, first_c .. first_c + count): summed image by image first, which keeps long sums accurate.
template <class T, class R>
void backward_weight_tap(const Conv2dGeometry& g, std::int64_t k, std::int64_t r, std::int64_t s, std::int64_t first_c,
                         std::int64_t count, const T* x, const T* dy, R* dweight) {
  const std::int64_t channel = k / g.out_group * g.in_group + first_c;
  R total[kBlock] = {};
  for (std::int64_t n = 0; n < g.batch; ++n) {
    R sum[kBlock] = {};
    for (std::int64_t p = 0; p < g.out_height; ++p) {
      const std::int64_t h = g.row(p, r);
      if (!g.has_row(h)) continue;
      for (std::int64_t q = 0; q < g.out_width; ++q) {
        const std::int64_t w = g.column(q, s);
        if (!g.has_column(w)) continue;
        add_scaled(count, static_cast<R>(dy[((n * g.out_height + p) * g.out_width + q) * g.out_channels + k]),
                   x + ((n * g.height + h) * g.width + w) * g.in_channels + channel, sum);
      }
    }
    add_scaled(count, R(1), sum, total);
  }
  write(count, total, dweight + ((k * g.kernel_height + r) * g.kernel_width + s) * g.in_group + first_c);
}

template <class T>
void backward_weight(const Conv2dGeometry& g, const Conv2dOperands<T>& operands, void* scratch) {
  parallel_for(g.out_channels, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k)
      for (std::int64_t r = 0; r < g.kernel_height; ++r)
        for (std::int64_t s = 0; s < g.kernel_width; ++s)
          for (std::int64_t c = 0; c < g.in_group; c += kBlock)
            backward_weight_tap(g, k, r, s, c, std::min(kBlock, g.in_group - c), operands.x, operands.y,
                                operands.weight);
  });
  if (operands.bias != nullptr)
    sum_rows(g.batch * g.out_height * g.out_width, g.out_channels, operands.y, operands.bias, scratch);
}

bool supports(Conv2dPass, const Conv2dShape&) { return true; }

template <class T>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  switch (pass) {
    case Conv2dPass::forward: return static_cast<std::size_t>(shape.weight_size()) * sizeof(Master<T>);
    case Conv2dPass::backward_input: return 0;
    case Conv2dPass::backward_weight:
      return sum_rows_scratch_bytes<T>(shape.batch * shape.out_height * shape.out_width, shape.out_channels);
  }
  return 0;
}

template <class T>
void run(Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  const Conv2dGeometry geometry(shape);
  switch (pass) {
    case Conv2dPass::forward: return forward(geometry, operands, scratch);
    case Conv2dPass::backward_input: return backward_input(geometry, operands);
    case Conv2dPass::backward_weight: return backward_weight(geometry, operands, scratch);
  }
}

// Rows that are summed one after another.
constexpr std::int64_t kRows = 512;
std::int64_t row_chunks(std::int64_t rows) { return (rows + kRows - 1) / kRows; }

}  // namespace

template <class T>
Conv2dAlgorithm<T> conv2d_plain() {
  return {"plain", supports, scratch_bytes<T>, run<T>};
}

template <class T>
std::size_t sum_rows_scratch_bytes(std::int64_t rows, std::int64_t columns) {
  return static_cast<std::size_t>(row_chunks(rows) * columns) * sizeof(Master<T>);
}

template <class T>
void sum_rows(std::int64_t rows, std::int64_t columns, const T* y, Master<T>* sums, void* scratch) {
  using R = Master<T>;
  R* partial = static_cast<R*>(scratch);
  parallel_for(row_chunks(rows), 1, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      R* sum = partial + chunk * columns;
      std::fill_n(sum, columns, R(0));
      for (std::int64_t row = chunk * kRows; row < std::min(rows, (chunk + 1) * kRows); ++row)
        add_scaled(columns, R(1), y + row * columns, sum);
    }
  });
  std::fill_n(sums, columns, R(0));
  for (std::int64_t chunk = 0; chunk < row_chunks(rows); ++chunk)
    add_scaled(columns, R(1), partial + chunk * columns, sums);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&conv2d_plain<T>, &sum_rows_scratch_bytes<T>, &sum_rows<T>);
});

}  // namespace sluice::kernels::cpu

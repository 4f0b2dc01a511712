// SPDX-License-Identifier: Apache-2.0
// Whole kernels with one mistake each. They were written for this test, shorter than those of kernels/cuda.
#include <cmath>

#include <sluice/kernels/cuda/ptx.h>
#include "tests/emulator/buffer.h"
#include "tests/emulator/planted.h"

namespace sluice::test {
namespace {

using kernels::cuda::launch;
namespace ptx = kernels::cuda::ptx;

enum class Bug {
  none,
  scratch_reused_at_once,
  no_barrier_before_read,
  one_class_too_many,
  one_column_too_many,
  store_past_the_row,
  tail_left_as_it_was,
  no_barrier_after_load,
  no_barrier_before_load,
  early_exit,
  group_still_in_flight,
  no_barrier_before_overwrite,
  no_fence_by_writer,
  no_fence_by_reader,
};

constexpr int kThreads = 128;

enum class Combine { larger, sum };

__device__ float block_reduce(float value, Combine how, Bug bug) {
  const auto combine = [how](float a, float b) { return how == Combine::sum ? a + b : fmaxf(a, b); };
  SHARED(parts, float[kThreads / 32]);
  for (int distance = 16; distance > 0; distance /= 2) value = combine(value, __shfl_xor_sync(~0u, value, distance));
  if (bug != Bug::scratch_reused_at_once) __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = value;
  if (bug != Bug::no_barrier_before_read) __syncthreads();
  value = parts[threadIdx.x % (kThreads / 32)];
  for (int distance = kThreads / 64; distance > 0; distance /= 2)
    value = combine(value, __shfl_xor_sync(~0u, value, distance));
  return value;
}

// y [classes] = softmax of x, a block.
__global__ void softmax_kernel(const float* x, float* y, int classes, Bug bug) {
  float largest = -INFINITY;
  for (int i = static_cast<int>(threadIdx.x); i < classes; i += kThreads) largest = fmaxf(largest, x[i]);
  largest = block_reduce(largest, Combine::larger, bug);
  float sum = 0;
  const int end = bug == Bug::one_class_too_many ? classes + 1 : classes;
  for (int i = static_cast<int>(threadIdx.x); i < end; i += kThreads) sum += __expf(x[i] - largest);
  sum = block_reduce(sum, Combine::sum, bug);
  for (int i = static_cast<int>(threadIdx.x); i < classes; i += kThreads) y[i] = __expf(x[i] - largest) / sum;
}

// c [m, n] = a [m, k] * b [k, n] by tiles of 16 x 16, a thread an element.
__global__ void product_kernel(const float* a, const float* b, float* c, int m, int n, int k, Bug bug) {
  SHARED(a_tile, float[16][17]);
  SHARED(b_tile, float[16][17]);
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int row = static_cast<int>(blockIdx.y) * 16 + y, column = static_cast<int>(blockIdx.x) * 16 + x;
  float sum = 0;
  for (int first = 0; first < k; first += 16) {
    const int most = bug == Bug::one_column_too_many ? k + 1 : k;
    (bug == Bug::store_past_the_row ? a_tile[y][x + 9] : a_tile[y][x]) =
        row < m && first + x < most ? a[row * k + first + x] : 0;
    const bool inside = first + y < k && column < n;
    if (inside || bug != Bug::tail_left_as_it_was) b_tile[y][x] = inside ? b[(first + y) * n + column] : 0;
    if (bug != Bug::no_barrier_after_load) __syncthreads();
    for (int i = 0; i < 16; ++i) sum += a_tile[y][i] * b_tile[i][x];
    if (bug != Bug::no_barrier_before_load) __syncthreads();
  }
  if (bug == Bug::early_exit) {
    if (row >= m) return;
    __syncthreads();
  }
  if (row < m && column < n) c[row * n + column] = sum;
}

// c [16,8] = a [16,k] * b [k,8] in bf16 on tensor cores, a warp a block, two stages of cp.async; k a multiple of 16.
// Two warps load, so that barriers matter; both compute the same, the first stores.
__global__ void tensor_core_kernel(const std::uint16_t* a, const std::uint16_t* b, float* c, int k, Bug bug) {
  SHARED(a_tile, std::uint16_t[2][16][16]);
  SHARED(b_tile, std::uint16_t[2][16][8]);
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32;
  const auto load = [&](int step) {
    const int stage = step % 2;
    if (thread < 32)
      ptx::cp_async16(&a_tile[stage][thread / 2][thread % 2 * 8], a + thread / 2 * k + step * 16 + thread % 2 * 8,
                      true);
    else if (thread < 48)
      ptx::cp_async16(&b_tile[stage][thread - 32][0], b + (step * 16 + thread - 32) * 8, true);
    ptx::cp_async_commit();
  };
  float sums[4] = {};
  load(0);
  const int steps = k / 16;
  for (int step = 0; step < steps; ++step) {
    const bool more = step + 1 < steps;
    if (more) load(step + 1);
    if (more || bug == Bug::group_still_in_flight)
      ptx::cp_async_wait<1>();
    else
      ptx::cp_async_wait<0>();
    __syncthreads();
    std::uint32_t rows[4], columns[2];
    ptx::ldmatrix_x4(rows, &a_tile[step % 2][lane % 16][lane / 16 * 8]);
    ptx::ldmatrix_x2_trans(columns, &b_tile[step % 2][lane % 16][0]);
    ptx::mma_m16n8k16(sums, rows, columns[0], columns[1]);
    if (bug != Bug::no_barrier_before_overwrite) __syncthreads();
  }
  if (thread < 32)
    for (int i = 0; i < 4; ++i) c[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[i];
  ptx::cp_async_wait<0>();
}

// out = the sum of x, by the block that is done last.
__global__ void sum_kernel(const float* x, int n, float* partials, unsigned* ticket, float* out, Bug bug) {
  const int blocks = static_cast<int>(gridDim.x);
  float sum = 0;
  for (int i = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x); i < n; i += blocks * kThreads)
    sum += x[i];
  sum = block_reduce(sum, Combine::sum, bug);
  SHARED(last, bool);
  if (threadIdx.x == 0) {
    partials[blockIdx.x] = sum;
    if (bug != Bug::no_fence_by_writer) __threadfence();
    last = atomicInc(ticket, gridDim.x - 1) == gridDim.x - 1;
    if (bug != Bug::no_fence_by_reader) __threadfence();
  }
  __syncthreads();
  if (!last) return;
  sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < blocks; i += kThreads) sum += partials[i];
  sum = block_reduce(sum, Combine::sum, bug);
  if (threadIdx.x == 0) *out = sum;
}

bool softmax_is_right(Bug bug) {
  constexpr int classes = 150;
  std::vector<float> x(classes);
  double sum = 0;
  for (int i = 0; i < classes; ++i) sum += std::exp(x[i] = static_cast<float>(i % 7) - 3.0f);
  const Buffer<float> from(x), to(classes);
  launch(kOnDevice, {"softmax", 1, kThreads}, softmax_kernel, from.data(), to.data(), classes, bug);
  const std::vector<float> y = to.values();
  for (int i = 0; i < classes; ++i)
    if (!(std::abs(y[i] - std::exp(x[i]) / sum) < 1e-6)) return false;
  return true;
}

bool product_is_right(Bug bug) {
  constexpr int m = 20, n = 37, k = 50;
  std::vector<float> a(m * k), b(k * n);
  for (int i = 0; i < m * k; ++i) a[i] = static_cast<float>(i % 5 - 2);
  for (int i = 0; i < k * n; ++i) b[i] = static_cast<float>(i % 7 - 3);
  const Buffer<float> left(a), right(b), to(m * n);
  launch(kOnDevice, {"product", dim3(3, 2), dim3(16, 16)}, product_kernel, left.data(), right.data(), to.data(), m, n,
         k, bug);
  const std::vector<float> c = to.values();
  for (int row = 0; row < m; ++row)
    for (int column = 0; column < n; ++column) {
      float sum = 0;
      for (int i = 0; i < k; ++i) sum += a[row * k + i] * b[i * n + column];
      if (!(c[row * n + column] == sum)) return false;
    }
  return true;
}

bool tensor_core_is_right(Bug bug) {
  constexpr int k = 80;
  const auto value = [](int i) { return static_cast<float>(i % 5 - 2); };
  const auto bits = [](float x) { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16); };
  std::vector<std::uint16_t> a(16 * k), b(k * 8);
  for (int i = 0; i < 16 * k; ++i) a[i] = bits(value(i));
  for (int i = 0; i < k * 8; ++i) b[i] = bits(value(3 * i + 1));
  const Buffer<std::uint16_t> left(a), right(b);
  const Buffer<float> to(16 * 8);
  launch(kOnDevice, {"tensor_core", 1, 64}, tensor_core_kernel, left.data(), right.data(), to.data(), k, bug);
  const std::vector<float> c = to.values();
  for (int row = 0; row < 16; ++row)
    for (int column = 0; column < 8; ++column) {
      float sum = 0;
      for (int i = 0; i < k; ++i) sum += value(row * k + i) * value(3 * (i * 8 + column) + 1);
      if (!(c[row * 8 + column] == sum)) return false;
    }
  return true;
}

bool sum_is_right(Bug bug) {
  constexpr int n = 5000, blocks = 7;
  const Buffer<float> x(n, 1.0f), partials(blocks), out(1);
  const Buffer<unsigned> ticket(1, 0u);
  for (int twice = 0; twice < 2; ++twice)
    launch(kOnDevice, {"sum", blocks, kThreads}, sum_kernel, x.data(), n, partials.data(), ticket.data(), out.data(),
           bug);
  return out.values()[0] == n;
}

}  // namespace

std::vector<Planted> planted_in_whole_kernels() {
  const auto planted = [](const char* name, bool (*run)(Bug), Bug bug, const char* report,
                          Seen seen = Seen::by_the_checked_build) {
    return Planted{name, seen, report, [=] { return run(bug); }};
  };
  const auto clean = [&](const char* name, bool (*run)(Bug)) { return planted(name, run, Bug::none, "", Seen::never); };
  return {
      planted("softmax: scratch reused without a barrier", softmax_is_right, Bug::scratch_reused_at_once,
              "shared `parts`"),
      planted("softmax: no barrier between write and read", softmax_is_right, Bug::no_barrier_before_read,
              "shared `parts`"),
      planted("softmax: one class too many", softmax_is_right, Bug::one_class_too_many,
              "600 bytes into a device buffer of 600 bytes (parameter 1"),
      clean("softmax (clean)", softmax_is_right),
      planted("product: one column too many", product_is_right, Bug::one_column_too_many, "out of bounds"),
      planted("product: store past the row", product_is_right, Bug::store_past_the_row, "shared `a_tile`"),
      planted("product: tail of the tile left uninitialised", product_is_right, Bug::tail_left_as_it_was,
              "uninitialised"),
      planted("product: no barrier after the load", product_is_right, Bug::no_barrier_after_load, "_tile`"),
      planted("product: no barrier before the next load", product_is_right, Bug::no_barrier_before_load, "_tile`"),
      planted("product: threads exit before a barrier", product_is_right, Bug::early_exit, "exit", Seen::always),
      clean("product (clean)", product_is_right),
      planted("tensor core: the last group is still in flight", tensor_core_is_right, Bug::group_still_in_flight,
              "before the cp.async"),
      planted("tensor core: no barrier before a stage is overwritten", tensor_core_is_right,
              Bug::no_barrier_before_overwrite, "_tile`"),
      clean("tensor core (clean)", tensor_core_is_right),
      planted("sum: no fence by the writer", sum_is_right, Bug::no_fence_by_writer, "data race"),
      planted("sum: no fence by the reader", sum_is_right, Bug::no_fence_by_reader, "data race"),
      clean("sum by the last block (clean)", sum_is_right),
  };
}

}  // namespace sluice::test

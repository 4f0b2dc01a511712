// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/sum_rows.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/device.h>

namespace sluice::kernels::cuda {
namespace {

// A block sums a run of rows of 32 columns: warp w takes rows w, w + 8, ... of the run.
constexpr int kColumns = 32, kWarps = 8;
constexpr std::int64_t kRun = 1024;
// Of the second dimension of a grid.
constexpr std::int64_t kMostRuns = 65535;

std::int64_t rows_of_run(std::int64_t rows) { return std::max(kRun, (rows + kMostRuns - 1) / kMostRuns); }
std::int64_t runs_of(std::int64_t rows) {
  return std::max<std::int64_t>(1, (rows + rows_of_run(rows) - 1) / rows_of_run(rows));
}

template <class T>
__global__ void __launch_bounds__(kColumns* kWarps)
    sum_rows_kernel(std::int64_t rows, std::int64_t run, std::int64_t columns, const T* values, float* sums) {
  SHARED(partial, float[kWarps][kColumns]);
  const int lane = static_cast<int>(threadIdx.x) % kColumns, warp = static_cast<int>(threadIdx.x) / kColumns;
  const std::int64_t column = std::int64_t{blockIdx.x} * kColumns + lane;
  const std::int64_t begin = blockIdx.y * run, end = min(begin + run, rows);
  float sum = 0;
  if (column < columns)
    for (std::int64_t row = begin + warp; row < end; row += kWarps) sum += to_float(values[row * columns + column]);
  partial[warp][lane] = sum;
  __syncthreads();
  if (warp != 0 || column >= columns) return;
  float total = 0;
  UNROLL for (int i = 0; i < kWarps; ++i) total += partial[i][lane];
  sums[blockIdx.y * columns + column] = total;
}

template <class T>
void sum_runs(const Exec& exec, std::int64_t rows, std::int64_t run, std::int64_t runs, std::int64_t columns,
              const T* values, float* sums) {
  launch(exec, {"sum_rows", dim3(blocks_for(columns, kColumns), static_cast<unsigned>(runs)), kColumns * kWarps},
         sum_rows_kernel<T>, rows, run, columns, values, sums);
}

}  // namespace

std::size_t sum_rows_scratch_bytes(std::int64_t rows, std::int64_t columns) {
  return runs_of(rows) > 1 ? static_cast<std::size_t>(runs_of(rows) * columns) * sizeof(float) : 0;
}

template <class T>
void sum_rows(const Exec& exec, std::int64_t rows, std::int64_t columns, const T* values, float* sums, void* scratch) {
  if (columns == 0) return;
  const std::int64_t runs = runs_of(rows);
  if (runs == 1) return sum_runs(exec, rows, rows, 1, columns, values, sums);
  sum_runs(exec, rows, rows_of_run(rows), runs, columns, values, static_cast<float*>(scratch));
  sum_runs(exec, runs, runs, 1, columns, static_cast<const float*>(scratch), sums);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&sum_rows<T>); });

}  // namespace sluice::kernels::cuda

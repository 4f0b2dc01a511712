// SPDX-License-Identifier: Apache-2.0
// sums[j] = sum over i of values [rows,columns] in a fixed order, in float: gradients of biases, and the finish of
// sums that were split. Bound by the bytes of `values`. Runs of rows are summed side by side, each run into a row of
// scratch; where there is more than one, a second launch sums those.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>

namespace sluice::kernels::cuda {

std::size_t sum_rows_scratch_bytes(std::int64_t rows, std::int64_t columns);
// T = float or BFloat16.
template <class T>
void sum_rows(const Exec& exec, std::int64_t rows, std::int64_t columns, const T* values, float* sums, void* scratch);

}  // namespace sluice::kernels::cuda

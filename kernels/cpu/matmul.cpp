// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/matmul.h>

#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/matmul_program.h>
#include <sluice/kernels/runtime/settings.h>

namespace sluice::kernels::cpu {
namespace {

bool by_program(const MatmulShape& s) {
  return kMatmulPrograms && engine() == Engine::fastest && s.batch > 0 && s.m > 0 && s.n > 0 && s.k > 0;
}

// Row i of y, of one pair of matrices.
template <class T>
void product_row(const MatmulShape& s, std::int64_t i, const T* a, const T* b, T* y) {
  const std::int64_t row = s.transposed == MatmulShape::Transposed::a ? 1 : s.k;
  const std::int64_t along = s.transposed == MatmulShape::Transposed::a ? s.m : 1;
  const std::int64_t down = s.transposed == MatmulShape::Transposed::b ? 1 : s.n;
  const std::int64_t column = s.transposed == MatmulShape::Transposed::b ? s.k : 1;
  for (std::int64_t j = 0; j < s.n; ++j) {
    Master<T> sum = 0;
    for (std::int64_t d = 0; d < s.k; ++d)
      sum += static_cast<Master<T>>(a[i * row + d * along]) * static_cast<Master<T>>(b[d * down + j * column]);
    y[j] = T(sum);
  }
}

}  // namespace
}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t Matmul<Cpu>::scratch_bytes(const Exec&, const MatmulShape& shape) {
  if constexpr (kMatmulPrograms && !std::is_same_v<T, double>)
    if (by_program(shape)) return matmul_program_scratch_bytes<T>(shape);
  return 0;
}

template <>
template <class T>
void Matmul<Cpu>::run(const Exec&, const MatmulShape& s, const T* a, const T* b, T* y, void* scratch) {
  if constexpr (kMatmulPrograms && !std::is_same_v<T, double>)
    if (by_program(s)) return run_matmul_program<T>(s, a, b, y, scratch);
  const std::int64_t grain = std::max<std::int64_t>(1, kElementGrain / std::max<std::int64_t>(1, s.n * s.k));
  parallel_for(s.batch * s.m, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t pair = at / s.m;
      product_row(s, at % s.m, a + pair * s.m * s.k, b + pair * s.k * s.n, y + at * s.n);
    }
  });
}

[[gnu::used]] constexpr auto kInstances = instantiate(
    CpuTypes{}, []<class T>(Type<T>) { return std::tuple(&Matmul<Cpu>::scratch_bytes<T>, &Matmul<Cpu>::run<T>); });

}  // namespace sluice::kernels

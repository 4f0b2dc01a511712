// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/flood.h>

#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/flood_transform.h>

namespace sluice::kernels::cpu {
namespace {

template <class T>
double sum_of(std::int64_t n, const T* x) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Flood<Cpu>::forward(const Exec&, const double* level, const T* loss, T* value, T* sign) {
  const Flooded<T> flooded = flood_hard(*loss, static_cast<T>(*level));
  if (value != nullptr) *value = flooded.value;
  *sign = flooded.slope;
}

template <>
template <class T>
void Flood<Cpu>::rows_forward(const Exec&, std::int64_t rows, const FloodRule& rule, const T* losses,
                              const FloodLevels<T>& levels, T* value, T* mean, T* flooded, T* slope) {
  const auto count = static_cast<double>(rows);
  double values = 0, losses_sum = 0;
  std::int64_t below = 0;
  for (std::int64_t first = 0; first < rows; first += rule.group) {
    const std::int64_t n = std::min(rule.group, rows - first);
    const double sum = sum_of(n, losses + first);
    const T m = static_cast<T>(sum / static_cast<double>(n));
    const T level = static_cast<T>(levels.one != nullptr ? *levels.one
                                                         : sum_of(n, levels.of_rows + first) / static_cast<double>(n));
    const Flooded<T> group = flood_by(rule, m, level);
    values += group.touched ? static_cast<double>(n) * static_cast<double>(group.value) : sum;
    losses_sum += sum;
    if (m < level && level > 0) below += n;
    std::fill_n(slope + first, n, group.slope / static_cast<T>(rows));
  }
  *value = static_cast<T>(values / count);
  *mean = static_cast<T>(losses_sum / count);
  *flooded = static_cast<T>(static_cast<double>(below) / count);
}

template <>
template <class T>
void Flood<Cpu>::gather_class_levels(const Exec&, std::int64_t rows, std::int64_t classes, const T* class_levels,
                                     const std::int32_t* labels, T* levels) {
  for (std::int64_t i = 0; i < rows; ++i)
    levels[i] = labels[i] >= 0 && labels[i] < classes ? class_levels[labels[i]] : T(0);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuMasterTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Flood<Cpu>::forward<T>, &Flood<Cpu>::rows_forward<T>, &Flood<Cpu>::gather_class_levels<T>);
});

}  // namespace sluice::kernels

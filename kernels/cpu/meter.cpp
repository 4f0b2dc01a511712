// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/meter.h>

#include <atomic>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

// Whether x[label] is greater than all before it and no less than all after it. NaN is in no order.
template <class T>
bool is_first_largest(std::int64_t classes, const T* x, std::int32_t label) {
  const auto own = static_cast<Master<T>>(x[label]);
  bool largest = true;
  for (std::int64_t c = 0; c < label; ++c) largest &= own > static_cast<Master<T>>(x[c]);
  for (std::int64_t c = label; c < classes; ++c) largest &= own >= static_cast<Master<T>>(x[c]);
  return largest;
}

struct RowCounts {
  std::int64_t images = 0;
  std::int64_t correct = 0;
};

template <class T>
RowCounts count_rows(std::int64_t begin, std::int64_t end, std::int64_t classes, const T* logits,
                     const std::int32_t* labels) {
  RowCounts counts;
  for (std::int64_t i = begin; i < end; ++i) {
    if (labels[i] < 0) continue;
    ++counts.images;
    if (labels[i] < classes && is_first_largest(classes, logits + i * classes, labels[i])) ++counts.correct;
  }
  return counts;
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Meter<Cpu>::add_images(const Exec&, std::int64_t rows, std::int64_t classes, const Master<T>* loss,
                            const T* logits, const std::int32_t* labels, double* meter) {
  std::atomic<std::int64_t> images = 0;
  std::atomic<std::int64_t> correct = 0;
  parallel_for(rows, std::max<std::int64_t>(1, kElementGrain / classes), [&](std::int64_t begin, std::int64_t end) {
    const RowCounts counts = count_rows(begin, end, classes, logits, labels);
    images += counts.images;
    correct += counts.correct;
  });
  const auto seen = static_cast<double>(images.load());
  meter[kMeterImages] += seen;
  meter[kMeterCorrect] += static_cast<double>(correct.load());
  // The mean over no image is NaN and must not spoil the sum.
  if (seen > 0) meter[kMeterLoss] += static_cast<double>(*loss) * seen;
}

template <>
template <class T>
void Meter<Cpu>::add_batch(const Exec&, const double* level, const T* loss, double* meter) {
  meter[kMeterBatches] += 1;
  const auto compared = static_cast<T>(*level);
  if (compared > 0 && *loss < compared) meter[kMeterFlooded] += 1;
}

template <>
template <class T>
void Meter<Cpu>::add_flooded(const Exec&, const T* flooded, double* meter) {
  meter[kMeterBatches] += 1;
  meter[kMeterFlooded] += static_cast<double>(*flooded);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CpuTypes{}, []<class T>(Type<T>) { return std::tuple(&Meter<Cpu>::add_images<T>); });
[[gnu::used]] constexpr auto kLossInstances = instantiate(CpuMasterTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Meter<Cpu>::add_batch<T>, &Meter<Cpu>::add_flooded<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/elementwise.h>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>

namespace sluice::kernels::cpu {
namespace {

// The loops stand in functions of their own: inside a lambda the compiler can't rule out that a captured pointer
// changes.
template <class From, class To>
void cast_loop(std::int64_t n, const From* x, To* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = To(static_cast<Master<To>>(static_cast<Master<From>>(x[i])));
}

template <class T>
void add_loop(std::int64_t n, const T* a, const T* b, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = T(static_cast<Master<T>>(a[i]) + static_cast<Master<T>>(b[i]));
}

template <class T>
void scale_loop(std::int64_t n, Master<T> factor, const T* x, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = T(factor * static_cast<Master<T>>(x[i]));
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class From, class To>
void Elementwise<Cpu>::cast(const Exec&, std::int64_t n, const From* x, To* y) {
  parallel_for(n, kElementGrain,
               [=](std::int64_t begin, std::int64_t end) { cast_loop(end - begin, x + begin, y + begin); });
}

template <>
template <class T>
void Elementwise<Cpu>::add(const Exec&, std::int64_t n, const T* a, const T* b, T* y) {
  parallel_for(n, kElementGrain,
               [=](std::int64_t begin, std::int64_t end) { add_loop(end - begin, a + begin, b + begin, y + begin); });
}

template <>
template <class T>
void Elementwise<Cpu>::scale_by(const Exec&, std::int64_t n, const Master<T>* factor, const T* x, T* y) {
  const Master<T> number = *factor;
  parallel_for(n, kElementGrain,
               [=](std::int64_t begin, std::int64_t end) { scale_loop(end - begin, number, x + begin, y + begin); });
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple_cat(
      std::tuple(&Elementwise<Cpu>::add<T>, &Elementwise<Cpu>::scale_by<T>),
      instantiate(CpuTypes{}, []<class To>(Type<To>) { return std::tuple(&Elementwise<Cpu>::cast<T, To>); }));
});

}  // namespace sluice::kernels

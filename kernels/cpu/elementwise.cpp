// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/elementwise.h>

#include <sluice/kernels/cpu/parallel.h>

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

template <class From, class To>
void cast(const Exec&, std::int64_t n, const From* x, To* y) {
  parallel_for(n, kElementGrain,
               [=](std::int64_t begin, std::int64_t end) { cast_loop(end - begin, x + begin, y + begin); });
}

template <class T>
void add(const Exec&, std::int64_t n, const T* a, const T* b, T* y) {
  parallel_for(n, kElementGrain,
               [=](std::int64_t begin, std::int64_t end) { add_loop(end - begin, a + begin, b + begin, y + begin); });
}

template <class T>
void scale(const Exec&, std::int64_t n, Master<T> factor, const T* x, T* y) {
  parallel_for(n, kElementGrain,
               [=](std::int64_t begin, std::int64_t end) { scale_loop(end - begin, factor, x + begin, y + begin); });
}

template <class T>
void scale_by(const Exec& exec, std::int64_t n, const Master<T>* factor, const T* x, T* y) {
  scale(exec, n, *factor, x, y);
}

#define SLUICE_INSTANTIATE(T)                                              \
  template void cast(const Exec&, std::int64_t, const T*, float*);         \
  template void cast(const Exec&, std::int64_t, const T*, BFloat16*);      \
  template void cast(const Exec&, std::int64_t, const T*, double*);        \
  template void add(const Exec&, std::int64_t, const T*, const T*, T*);    \
  template void scale(const Exec&, std::int64_t, Master<T>, const T*, T*); \
  template void scale_by(const Exec&, std::int64_t, const Master<T>*, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)
SLUICE_INSTANTIATE(double)

}  // namespace sluice::kernels::cpu

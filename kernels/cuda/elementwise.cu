// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/elementwise.h>

#include <sluice/kernels/cuda/map.h>

namespace sluice::kernels::cuda {
namespace {

struct Same {
  __device__ float operator()(float x) const { return x; }
};

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

struct Multiple {
  float factor;
  __device__ float operator()(float x) const { return factor * x; }
};

struct MultipleInMemory {
  const float* factor;
  __device__ float operator()(float x) const { return *factor * x; }
};

}  // namespace

template <class From, class To>
void cast(const Exec& exec, std::int64_t n, const From* x, To* y) {
  map(exec, "cast", n, Same{}, y, x);
}

template <class T>
void add(const Exec& exec, std::int64_t n, const T* a, const T* b, T* y) {
  map(exec, "add", n, Sum{}, y, a, b);
}

template <class T>
void scale(const Exec& exec, std::int64_t n, Master<T> factor, const T* x, T* y) {
  map(exec, "scale", n, Multiple{factor}, y, x);
}

template <class T>
void scale_by(const Exec& exec, std::int64_t n, const Master<T>* factor, const T* x, T* y) {
  map(exec, "scale_by", n, MultipleInMemory{factor}, y, x);
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

}  // namespace sluice::kernels::cuda

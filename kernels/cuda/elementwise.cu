// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/elementwise.h>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/map.h>

namespace sluice::kernels::cuda {
namespace {

struct Same {
  __device__ float operator()(float x) const { return x; }
};

struct Sum {
  __device__ float operator()(float a, float b) const { return a + b; }
};

struct MultipleInMemory {
  const float* factor;
  __device__ float operator()(float x) const { return *factor * x; }
};

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class From, class To>
void Elementwise<Cuda>::cast(const Exec& exec, std::int64_t n, const From* x, To* y) {
  map(exec, "cast", n, Same{}, y, x);
}

template <>
template <class T>
void Elementwise<Cuda>::add(const Exec& exec, std::int64_t n, const T* a, const T* b, T* y) {
  map(exec, "add", n, Sum{}, y, a, b);
}

template <>
template <class T>
void Elementwise<Cuda>::scale_by(const Exec& exec, std::int64_t n, const Master<T>* factor, const T* x, T* y) {
  map(exec, "scale_by", n, MultipleInMemory{factor}, y, x);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple_cat(
      std::tuple(&Elementwise<Cuda>::add<T>, &Elementwise<Cuda>::scale_by<T>),
      instantiate(CpuTypes{}, []<class To>(Type<To>) { return std::tuple(&Elementwise<Cuda>::cast<T, To>); }));
});

}  // namespace sluice::kernels

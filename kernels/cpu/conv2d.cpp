// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/conv2d.h>

#include <optional>
#include <string>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/threads.h>
#include <sluice/kernels/cpu/conv2d_algorithm.h>
#include <sluice/kernels/cpu/conv2d_trial.h>
#include <sluice/kernels/runtime/settings.h>
#include <sluice/kernels/runtime/tuning.h>

namespace sluice::kernels::cpu {
namespace {

std::string key_of(Conv2dPass pass, DType dtype, const Conv2dShape& s) {
  return concat("conv2d ", name_of(pass), " ", name_of(dtype), " ", s.description(), " threads=", thread_count());
}

// All but the plain loops.
template <class T>
std::vector<Conv2dAlgorithm<T>> candidates_for(Conv2dPass pass, const Conv2dShape& shape) {
  std::vector<Conv2dAlgorithm<T>> candidates;
  if constexpr (!std::is_same_v<T, double>) {
    const auto add = [&](const Conv2dAlgorithm<T>& algorithm) {
      if (algorithm.supports(pass, shape)) candidates.push_back(algorithm);
    };
    // The likely winner first: it shortens the measurement.
    add(conv2d_winograd<T>());
    add(conv2d_depthwise<T>());
    for (const auto& algorithm : conv2d_onednn<T>()) add(algorithm);
  }
  return candidates;
}

template <class T>
Conv2dAlgorithm<T> algorithm_for(Conv2dPass pass, const Conv2dShape& shape) {
  if (engine() == Engine::plain) return conv2d_plain<T>();
  const std::vector<Conv2dAlgorithm<T>> candidates = candidates_for<T>(pass, shape);
  if (candidates.empty()) return conv2d_plain<T>();
  std::vector<std::string_view> names;
  for (const auto& candidate : candidates) names.push_back(candidate.name);
  const std::optional<std::size_t> chosen = choose_algorithm(key_of(pass, dtype_of<T>, shape), names, [&] {
    return conv2d_trial<T>(pass, shape, std::span<const Conv2dAlgorithm<T>>(candidates));
  });
  return chosen ? candidates[*chosen] : conv2d_plain<T>();
}

template <class T>
std::size_t scratch_bytes(Conv2dPass pass, const Conv2dShape& shape) {
  return algorithm_for<T>(pass, shape).scratch_bytes(pass, shape);
}

template <class T>
void run(Conv2dPass pass, const Conv2dShape& shape, const Conv2dOperands<T>& operands, void* scratch) {
  algorithm_for<T>(pass, shape).run(pass, shape, operands, scratch);
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
std::size_t Conv2d<Cpu>::forward_scratch_bytes(const Exec&, const Conv2dShape& shape) {
  return scratch_bytes<T>(Conv2dPass::forward, shape);
}

template <>
template <class T>
std::size_t Conv2d<Cpu>::backward_input_scratch_bytes(const Exec&, const Conv2dShape& shape) {
  return scratch_bytes<T>(Conv2dPass::backward_input, shape);
}

template <>
template <class T>
std::size_t Conv2d<Cpu>::backward_weight_scratch_bytes(const Exec&, const Conv2dShape& shape) {
  return scratch_bytes<T>(Conv2dPass::backward_weight, shape);
}

template <>
template <class T>
std::int64_t Conv2d<Cpu>::moments_run(const Exec&, const Conv2dShape&) {
  return 0;
}

// The operands of all passes are one struct, so what a pass only reads loses its const on the way.
template <>
template <class T>
void Conv2d<Cpu>::forward(const Exec&, const Conv2dShape& shape, const T* x, Weight<T> weight, const Master<T>* bias,
                          T* y, Master<T>*, void* scratch) {
  run<T>(Conv2dPass::forward, shape,
         {const_cast<T*>(x), const_cast<Master<T>*>(weight.master), const_cast<Master<T>*>(bias), y}, scratch);
}

template <>
template <class T>
void Conv2d<Cpu>::backward_input(const Exec&, const Conv2dShape& shape, Weight<T> weight, const T* dy, T* dx,
                                 void* scratch) {
  run<T>(Conv2dPass::backward_input, shape, {dx, const_cast<Master<T>*>(weight.master), nullptr, const_cast<T*>(dy)},
         scratch);
}

template <>
template <class T>
void Conv2d<Cpu>::backward_weight(const Exec&, const Conv2dShape& shape, const T* x, const T* dy, Master<T>* dweight,
                                  Master<T>* dbias, void* scratch) {
  run<T>(Conv2dPass::backward_weight, shape, {const_cast<T*>(x), dweight, dbias, const_cast<T*>(dy)}, scratch);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CpuTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Conv2d<Cpu>::forward_scratch_bytes<T>, &Conv2d<Cpu>::backward_input_scratch_bytes<T>,
                    &Conv2d<Cpu>::backward_weight_scratch_bytes<T>, &Conv2d<Cpu>::moments_run<T>,
                    &Conv2d<Cpu>::forward<T>, &Conv2d<Cpu>::backward_input<T>, &Conv2d<Cpu>::backward_weight<T>);
});

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#include <dnnl.hpp>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cpu/matmul_program.h>
#include <sluice/kernels/cpu/onednn.h>
#include <sluice/kernels/cpu/onednn_versions.h>

namespace sluice::kernels::cpu {
namespace {

using onednn::Description;
using onednn::Layout;

template <class T>
onednn::Program make(const MatmulShape& s) {
  const auto element = onednn::element<T>();
  const Description a({s.batch, s.m, s.k}, element,
                      s.transposed == MatmulShape::Transposed::a ? Layout::acb : Layout::abc);
  const Description b({s.batch, s.k, s.n}, element,
                      s.transposed == MatmulShape::Transposed::b ? Layout::acb : Layout::abc);
  const Description y({s.batch, s.m, s.n}, element, Layout::abc);
  const auto desc =
      onednn::describe<dnnl::matmul>(onednn::Unimplemented::throws, onednn::attributes(), onednn::engine(), a, b, y);
  return {dnnl::matmul(desc), desc.scratchpad_desc(), {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, y}}};
}

template <class T>
const onednn::Program& program(const MatmulShape& shape) {
  static auto& cache = *new onednn::Cache<MatmulShape, onednn::Program>;
  return cache.get(shape, [&] { return make<T>(shape); });
}

}  // namespace

template <class T>
std::size_t matmul_program_scratch_bytes(const MatmulShape& shape) {
  return program<T>(shape).scratch_bytes();
}

template <class T>
void run_matmul_program(const MatmulShape& shape, const T* a, const T* b, T* y, void* scratch) {
  program<T>(shape).run({{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, y}}, scratch);
}

[[gnu::used]] constexpr auto kInstances = instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) {
  return std::tuple(&matmul_program_scratch_bytes<T>, &run_matmul_program<T>);
});

}  // namespace sluice::kernels::cpu

// SPDX-License-Identifier: Apache-2.0
#include <dnnl.hpp>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cpu/linear_program.h>
#include <sluice/kernels/cpu/onednn.h>
#include <sluice/kernels/cpu/onednn_versions.h>

namespace sluice::kernels::cpu {
namespace {

using onednn::Description;
using onednn::Layout;
using Element = dnnl::memory::data_type;

template <class... Operands>
dnnl::matmul::primitive_desc describe(const Operands&... operands) {
  return onednn::describe<dnnl::matmul>(onednn::Unimplemented::throws, onednn::attributes(), onednn::engine(),
                                        operands...);
}

// A plain weight matrix costs bf16 products a packing at every call, and is made bf16 in scratch all the same, so there
// the primitive may choose the layout.
template <class T>
onednn::Program make(LinearPass pass, const LinearShape& s) {
  const Element element = onednn::element<T>();
  const Layout weight_layout = std::is_same_v<T, float> ? Layout::undef : Layout::any;
  const auto wish = [&](const Description& given) {
    return weight_layout == Layout::any ? Description(onednn::extents_of(given), element, Layout::any) : given;
  };
  if (pass == LinearPass::backward_input) {
    const Description dy({s.rows, s.out_features}, element, Layout::ab),
        dx({s.rows, s.in_features}, element, Layout::ab);
    const Description weight({s.out_features, s.in_features}, Element::f32, Layout::ab);
    const auto desc = describe(dy, wish(weight), dx);
    return {dnnl::matmul(desc),
            desc.scratchpad_desc(),
            {{DNNL_ARG_SRC, dy}, {DNNL_ARG_WEIGHTS, weight, desc.weights_desc()}, {DNNL_ARG_DST, dx}}};
  }
  if (pass == LinearPass::backward_weight) {
    const Description dy({s.out_features, s.rows}, element, Layout::ba),
        x({s.rows, s.in_features}, element, Layout::ab);
    const Description dweight({s.out_features, s.in_features}, Element::f32, Layout::ab);
    const auto desc = describe(dy, x, dweight);
    return {dnnl::matmul(desc),
            desc.scratchpad_desc(),
            {{DNNL_ARG_SRC, dy}, {DNNL_ARG_WEIGHTS, x}, {DNNL_ARG_DST, dweight}}};
  }
  const Description x({s.rows, s.in_features}, element, Layout::ab), y({s.rows, s.out_features}, element, Layout::ab);
  const Description weight({s.in_features, s.out_features}, Element::f32, Layout::ba);
  const Description bias({1, s.out_features}, Element::f32, Layout::ab);
  const auto desc =
      pass == LinearPass::forward_bias ? describe(x, wish(weight), bias, y) : describe(x, wish(weight), y);
  std::vector<onednn::Operand> operands{
      {DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight, desc.weights_desc()}, {DNNL_ARG_DST, y}};
  if (pass == LinearPass::forward_bias) operands.emplace_back(DNNL_ARG_BIAS, bias);
  return {dnnl::matmul(desc), desc.scratchpad_desc(), operands};
}

template <class T>
const onednn::Program& program(LinearPass pass, const LinearShape& shape) {
  static auto& cache = *new onednn::Cache<std::pair<LinearPass, LinearShape>, onednn::Program>;
  return cache.get({pass, shape}, [&] { return make<T>(pass, shape); });
}

}  // namespace

template <class T>
std::size_t linear_program_scratch_bytes(LinearPass pass, const LinearShape& shape) {
  return program<T>(pass, shape).scratch_bytes();
}

template <class T>
void run_linear_program(LinearPass pass, const LinearShape& shape, const T* x, const float* weight, const float* bias,
                        const T* y, void* scratch) {
  const onednn::Program& p = program<T>(pass, shape);
  switch (pass) {
    case LinearPass::forward: return p.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_DST, y}}, scratch);
    case LinearPass::forward_bias:
      return p.run({{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, y}}, scratch);
    case LinearPass::backward_input:
      return p.run({{DNNL_ARG_SRC, y}, {DNNL_ARG_WEIGHTS, weight}, {DNNL_ARG_DST, x}}, scratch);
    case LinearPass::backward_weight:
      return p.run({{DNNL_ARG_SRC, y}, {DNNL_ARG_WEIGHTS, x}, {DNNL_ARG_DST, weight}}, scratch);
  }
}

[[gnu::used]] constexpr auto kInstances = instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) {
  return std::tuple(&linear_program_scratch_bytes<T>, &run_linear_program<T>);
});

}  // namespace sluice::kernels::cpu

// SPDX-License-Identifier: Apache-2.0
// What differs between oneDNN 2 and 3, for kernels/cpu/onednn*.cpp and no others: oneDNN 2 makes the descriptor of a
// primitive from one of an operation, oneDNN 3 makes it at once, with the same arguments.
#pragma once

#include <dnnl.hpp>

namespace sluice::kernels::cpu::onednn {

// What a primitive that oneDNN does not have gives: an empty descriptor, or dnnl::error.
enum class Unimplemented : bool { throws, empty };

#if DNNL_VERSION_MAJOR < 3

inline dnnl::memory::dims extents_of(const dnnl::memory::desc& description) { return description.dims(); }
inline dnnl::memory::data_type element_of(const dnnl::memory::desc& description) { return description.data_type(); }

// The descriptor of a Primitive, e.g. dnnl::matmul, from the arguments of its operation.
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe(Unimplemented unimplemented, const dnnl::primitive_attr& attributes,
                                            const dnnl::engine& engine, const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), attributes, engine, unimplemented == Unimplemented::empty};
}

// The same of a backward pass, beside the descriptor of its forward pass.
template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe_backward(Unimplemented unimplemented,
                                                     const dnnl::convolution_forward::primitive_desc& forward,
                                                     const dnnl::primitive_attr& attributes, const dnnl::engine& engine,
                                                     const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), attributes, engine, forward, unimplemented == Unimplemented::empty};
}

#else

inline dnnl::memory::dims extents_of(const dnnl::memory::desc& description) { return description.get_dims(); }
inline dnnl::memory::data_type element_of(const dnnl::memory::desc& description) { return description.get_data_type(); }

template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe(Unimplemented unimplemented, const dnnl::primitive_attr& attributes,
                                            const dnnl::engine& engine, const Arguments&... arguments) {
  return {engine, arguments..., attributes, unimplemented == Unimplemented::empty};
}

template <class Primitive, class... Arguments>
typename Primitive::primitive_desc describe_backward(Unimplemented unimplemented,
                                                     const dnnl::convolution_forward::primitive_desc& forward,
                                                     const dnnl::primitive_attr& attributes, const dnnl::engine& engine,
                                                     const Arguments&... arguments) {
  return {engine, arguments..., forward, attributes, unimplemented == Unimplemented::empty};
}

#endif

}  // namespace sluice::kernels::cpu::onednn

// SPDX-License-Identifier: Apache-2.0
// Maps (kernels/pointwise.h) of the functions of kernels/functions.h: their values, and the gradients of their inputs.
#pragma once

#include <sluice/base/instantiate.h>
#include <sluice/kernels/activation_functions.h>
#include <sluice/kernels/functions_of_two.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels {

template <class F>
inline constexpr bool kGivesMask = requires {
  requires F::gives_mask;
};
// The name with a tail.
template <class F>
struct BackwardName {
  static constexpr auto text = [] {
    constexpr std::string_view name = F::name, tail = "_backward";
    std::array<char, name.size() + tail.size() + 1> joined{};
    for (std::size_t i = 0; i < name.size(); ++i) joined[i] = name[i];
    for (std::size_t i = 0; i < tail.size(); ++i) joined[name.size() + i] = tail[i];
    return joined;
  }();
};

// y = f(x)
template <class F>
struct Forward {
  static constexpr int inputs = 1, outputs = 1;
  static constexpr const char* name = F::name;
  static constexpr bool takes_mask = false, gives_mask = kGivesMask<F>;
  F f;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 1>& in) const {
    return {{f.value(in[0])}};
  }
};

// dx = f'(saved) dy, from saved and dy.
template <class F>
struct Backward {
  static constexpr int inputs = 2, outputs = 1;
  static constexpr const char* name = BackwardName<F>::text.data();
  static constexpr bool takes_mask = false, gives_mask = false;
  F f;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 2>& in) const {
    return {{in[1] * f.derivative(in[0])}};
  }
};

// y = f(a, b)
template <class F>
struct ForwardOfTwo {
  static constexpr int inputs = 2, outputs = 1;
  static constexpr const char* name = F::name;
  static constexpr bool takes_mask = false, gives_mask = kGivesMask<F>;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 2>& in) const {
    return {{F{}.value(in[0], in[1])}};
  }
};

// da and db, from a, b and dy.
template <class F>
struct BackwardOfTwo {
  static constexpr int inputs = 3, outputs = 2;
  static constexpr const char* name = BackwardName<F>::text.data();
  static constexpr bool takes_mask = false, gives_mask = false;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 2> operator()(const Values<R, 3>& in) const {
    const functions::Derivatives<R> by = F{}.derivatives(in[0], in[1]);
    return {{by.a * in[2], by.b * in[2]}};
  }
};

// y = mask ? a : b, from mask, a and b.
struct Where {
  static constexpr int inputs = 3, outputs = 1;
  static constexpr const char* name = "where";
  static constexpr bool takes_mask = true, gives_mask = false;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 3>& in) const {
    return {{in[0] != 0 ? in[1] : in[2]}};
  }
};

// da and db of Where, from mask and dy.
struct WhereBackward {
  static constexpr int inputs = 2, outputs = 2;
  static constexpr const char* name = "where_backward";
  static constexpr bool takes_mask = true, gives_mask = false;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 2> operator()(const Values<R, 2>& in) const {
    return {{in[0] != 0 ? in[1] : R(0), in[0] != 0 ? R(0) : in[1]}};
  }
};

// y = factor x: x itself where it is only broadcast.
struct Multiple {
  static constexpr int inputs = 1, outputs = 1;
  static constexpr const char* name = "broadcast";
  static constexpr bool takes_mask = false, gives_mask = false;
  double factor = 1;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 1>& in) const {
    return {{R(factor) * in[0]}};
  }
};

// Lists of Maps and the addresses of Pointwise<Device>::run of each, for every type of a list of element types: what
// the source files of a device instantiate.
template <class... Map>
struct Maps {};

namespace detail {
template <class T>
struct Listed;
template <class... F>
struct Listed<std::tuple<F...>> {
  using forward = Maps<Forward<F>...>;
  using backward = Maps<Backward<F>...>;
  using forward_of_two = Maps<ForwardOfTwo<F>...>;
  using backward_of_two = Maps<BackwardOfTwo<F>...>;
};
}  // namespace detail
template <class Functions>
using ForwardMaps = typename detail::Listed<Functions>::forward;
template <class Functions>
using BackwardMaps = typename detail::Listed<Functions>::backward;
template <class Functions>
using ForwardMapsOfTwo = typename detail::Listed<Functions>::forward_of_two;
template <class Functions>
using BackwardMapsOfTwo = typename detail::Listed<Functions>::backward_of_two;

template <class Device, class... T, class... Map>
constexpr auto instantiate_maps(Types<T...> types, Maps<Map...>) {
  return instantiate(types, []<class Element>(Type<Element>) {
    return std::tuple(&Pointwise<Device>::template run<Map, Element>...);
  });
}

}  // namespace sluice::kernels

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/base/types.h>

namespace sluice::kernels {

// A weight as the passes over activations of type T read it.
template <class T>
struct Weight {
  const Master<T>* master = nullptr;
  // The same elements rounded to T, to nearest even; nullptr: a kernel that computes with them rounds for itself, in
  // its scratch. Where T is the master type, or on the CPU, nobody reads it.
  const T* rounded = nullptr;

  Weight(const Master<T>* elements) : master(elements) {}
  Weight(const Master<T>* elements, const T* copy) : master(elements), rounded(copy) {}
};

}  // namespace sluice::kernels

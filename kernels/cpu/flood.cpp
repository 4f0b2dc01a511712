// SPDX-License-Identifier: Apache-2.0
#include "kernels/flood.h"

namespace sluice::kernels::cpu {

template <class T>
void flood_forward(const Exec&, T level, const T* loss, T* value, T* sign) {
  const T l = *loss;
  if (value != nullptr) *value = l < level ? 2 * level - l : l;
  // A NaN is in no order with the level and must not look like a zero gradient.
  *sign = l > level ? T(1) : (l < level ? T(-1) : (l == level ? T(0) : l));
}

template void flood_forward(const Exec&, float, const float*, float*, float*);
template void flood_forward(const Exec&, double, const double*, double*, double*);

}  // namespace sluice::kernels::cpu

// SPDX-License-Identifier: Apache-2.0
#include "swiglu.h"

#include <sluice/core/ops/pointwise.h>

namespace {

struct SwiGlu {
  static constexpr const char* name = "swiglu";
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N gate, N up) const {
    return silu(gate) * up;
  }
};

}  // namespace

sluice::Variable swiglu(const sluice::Variable& gate, const sluice::Variable& up) {
  return sluice::ops::pointwise(SwiGlu{}, gate, up);
}

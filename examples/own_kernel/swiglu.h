// SPDX-License-Identifier: Apache-2.0
// A formula for scalars as an operation, with its gradient, in one kernel each.
#pragma once

#include <sluice/core/tape.h>

// silu(gate) up, element by element (Shazeer, "GLU variants improve transformer", 2020). On every device.
sluice::Variable swiglu(const sluice::Variable& gate, const sluice::Variable& up);

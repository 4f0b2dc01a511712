// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice {

// How operations that differ between the two behave: batch norm, dropout.
enum class Mode : unsigned char { train, eval };

}  // namespace sluice

// SPDX-License-Identifier: Apache-2.0
// The consumer's own header, of the name of one of Sluice's.
#pragma once

namespace own {
inline constexpr int kImages = 2;
}
